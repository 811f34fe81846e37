"""The four scalars of every interacting pair against RDKit's bulk Tanimoto alone, and the drug matrix.

Both run on one thread over the same pairs, grouped by their first drug as the tables are: RDKit as one call
a drug over a ready list of its partners. RDKit and a second peer, plain Python sets, are also the references:
``differences`` counts values that are not theirs rounded to float32. The matrix of the interacting drugs
over four channels is held against BLAS making the Tanimoto channel alone.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from rdkit.DataStructs import BulkTanimotoSimilarity, CreateFromBitString
from threadpoolctl import threadpool_limits

from benchmarks.synthetic import corpus
from mard.config import Weights, load_params
from mard.evidence.pool import EvidenceTables, build_evidence
from mard.retrieve.similarity import DrugFeatures, PairScalars, drug_similarity, pair_scalars

DEFAULT_SCALE = 0.3
ROUNDS = 7
ATC_LEVELS = (1, 3, 4, 5, 7)
EVEN = Weights(0.25, 0.25, 0.25, 0.25)


@dataclass(frozen=True)
class Pairs:
    """Interacting pairs as rows of the drugs, grouped by the first."""

    a: np.ndarray
    b: np.ndarray


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratio of the median times, measured in turns."""
    threads = len(os.sched_getaffinity(0))
    evidence, features, pairs = _world(scale)
    drugs = np.unique(np.concatenate([pairs.a, pairs.b]))
    groups = _groups(evidence, pairs)
    dense = np.unpackbits(evidence.fingerprints[drugs], axis=1).astype(np.float32)
    shuffled = np.random.default_rng(0).permutation(len(pairs.a))
    mixed = Pairs(pairs.a[shuffled], pairs.b[shuffled])
    _gather(features.packed.words, pairs.a[:1], pairs.b[:1])
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        found = _timed(seconds["ours"], lambda: pair_scalars(features, pairs.a, pairs.b))
        bulk = _timed(seconds["rdkit"], lambda: [BulkTanimotoSimilarity(*group) for group in groups])
        _timed(seconds["all_threads"], lambda: pair_scalars(features, pairs.a, pairs.b, threads=threads))
        _timed(seconds["shuffled"], lambda: pair_scalars(features, mixed.a, mixed.b))
        _timed(seconds["gather"], lambda: _gather(features.packed.words, pairs.a, pairs.b))
        _timed(seconds["matrix"], lambda: drug_similarity(features, drugs, drugs, EVEN, threads=threads))
        with threadpool_limits(threads, "blas"):
            _timed(seconds["blas"], lambda: _tanimoto(dense))
    plain = _timed(seconds["sets"], lambda: _by_sets(evidence, pairs))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rate = {
        name: round(len(pairs.a) / medians[name] / 1e6, 3) for name in medians.keys() - {"matrix", "blas"}
    }
    details = {
        "drugs": len(drugs),
        "pairs": len(pairs.a),
        "threads": threads,
        "differences": _differences(found, np.concatenate(bulk), plain),
        "million_pairs_per_second": dict(sorted(rate.items())),
        "all_threads_speedup_vs_rdkit_bulk": round(medians["rdkit"] / medians["all_threads"], 3),
        "speedup_vs_sets": round(medians["sets"] / medians["ours"], 1),
        "matrix_seconds": round(medians["matrix"], 4),
        "blas_tanimoto_matrix_seconds": round(medians["blas"], 4),
        "matrix_vs_blas": round(medians["matrix"] / medians["blas"], 3),
    }
    return {"speedup_vs_rdkit_bulk": round(medians["rdkit"] / medians["ours"], 3)}, details


def _world(scale: float) -> tuple[EvidenceTables, DrugFeatures, Pairs]:
    tables = corpus(scale)
    params = load_params(Path(__file__).parents[1] / "params.yaml").evidence
    evidence = build_evidence(tables.drugs, tables.proteins, tables.pathways, params)
    features = DrugFeatures.build(evidence.drugs, evidence.fingerprints)
    pairs = tables.labels.sort("drug_a", "drug_b")
    return evidence, features, Pairs(*(features.rows_of(pairs[side]) for side in ("drug_a", "drug_b")))


def _groups(evidence: EvidenceTables, pairs: Pairs) -> list[tuple[Any, list[Any]]]:
    """Each first drug's RDKit fingerprint, and those of its partners."""
    bits = np.unpackbits(evidence.fingerprints, axis=1)
    molecules = [CreateFromBitString("".join(map(str, row))) for row in bits.tolist()]
    firsts, starts = np.unique(pairs.a, return_index=True)
    partners = np.split(pairs.b, starts[1:])
    return [
        (molecules[first], [molecules[other] for other in others])
        for first, others in zip(firsts, partners, strict=True)
    ]


def _by_sets(evidence: EvidenceTables, pairs: Pairs) -> PairScalars:
    """The four scalars as one writes them first: sets of a drug, made once, and a loop over the pairs."""
    drugs = [
        (
            frozenset(row["pathways"]),
            frozenset(row["targets"] + row["enzymes"] + row["transporters"] + row["carriers"]),
            [{code[:level] for code in row["atc"] if len(code) >= level} for level in ATC_LEVELS],
            frozenset(np.flatnonzero(bits).tolist()),
        )
        for row, bits in zip(
            evidence.drugs.iter_rows(named=True), np.unpackbits(evidence.fingerprints, axis=1), strict=True
        )
    ]
    values = []
    for a, b in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True):
        (pathways, proteins, levels, bits), other = drugs[a], drugs[b]
        depth = sum(not own.isdisjoint(others) for own, others in zip(levels, other[2], strict=True))
        values.append(
            (_jaccard(pathways, other[0]), _jaccard(proteins, other[1]), depth, _jaccard(bits, other[3]))
        )
    return PairScalars(*(np.array(column) for column in zip(*values, strict=True)))


def _jaccard(one: frozenset[Any], other: frozenset[Any]) -> float:
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 0.0


def _differences(found: PairScalars, bulk: np.ndarray, plain: PairScalars) -> int:
    """Values that are not the references', those rounded to float32 or, for the depth, as they are."""
    wrong = np.count_nonzero(found.smiles_tanimoto != bulk.astype(np.float32))
    for name, own in vars(found).items():
        wrong += np.count_nonzero(own != getattr(plain, name).astype(own.dtype))
    return int(wrong)


def _tanimoto(dense: np.ndarray) -> np.ndarray:
    """The Tanimoto matrix by one matrix product, in place but for the unions."""
    shared = dense @ dense.T
    counts = np.ascontiguousarray(shared.diagonal())
    union = counts[:, None] + counts[None, :]
    union -= shared
    np.maximum(union, 1, out=union)
    shared /= union
    return shared


@njit(nogil=True)
def _gather(words: np.ndarray, a: np.ndarray, b: np.ndarray) -> int:
    """Read both fingerprints of each pair and do nothing with them: what no kernel can be faster than."""
    total = np.uint64(0)
    for p in range(len(a)):
        for k in range(words.shape[1]):
            total ^= words[a[p], k] ^ words[b[p], k]
    return total


def _timed(seconds: list[float], work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    seconds.append(time.perf_counter() - started)
    return result
