"""One exact top-10 query, and all of them, against scoring every training pair.

The brute force is one pass of a compiled kernel over the training pairs, with the two drugs' rows of the
similarity matrix at hand, that keeps the best ten. Both are asked from Python on one thread, a query a
call, in turns of fifty. Queries are pairs drawn from the whole corpus, so that most are training pairs
themselves; then the same with a fifth of the drugs stripped of their features, and held-out pairs of the
cold protocols. ``mismatches`` counts queries whose neighbours or scores differ in anything. Neighbours in
proportion, for which every training pair is heard, are asked a query a call too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numba import njit

from benchmarks.synthetic import corpus
from mard.config import Weights, load_params
from mard.evidence.pool import EvidenceTables, build_evidence
from mard.retrieve.neighbours import NeighbourIndex, Roster
from mard.retrieve.rank_join import Found
from mard.retrieve.similarity import DrugFeatures
from mard.schema import Part, Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.warm import warm_split

DEFAULT_SCALE = 0.1
K = 10
QUERIES = 1_000
BLOCK = 50
FEATURELESS_SHARE = 0.2
SHARPNESS = 4.0
SEED = 0

Rows = np.ndarray


@dataclass(frozen=True)
class World:
    """A corpus, its splits, and what evidence knows of the interacting drugs."""

    labels: pl.DataFrame
    splits: dict[Protocol, pl.DataFrame]
    evidence: EvidenceTables
    weights: Weights

    @classmethod
    def build(cls, scale: float) -> World:
        """The same world for the same scale."""
        params, tables = load_params(Path(__file__).parents[1] / "params.yaml"), corpus(scale)
        interacting = pl.concat([tables.labels["drug_a"], tables.labels["drug_b"]]).unique()
        drugs = tables.drugs.filter(pl.col("drug_id").is_in(interacting.implode()))
        partition = drug_partition(tables.labels, drugs, params.split)
        splits = {
            Protocol.WARM: warm_split(tables.labels, params.split),
            Protocol.DRUG_COLD: drug_cold_split(tables.labels, partition),
            Protocol.PAIR_COLD: pair_cold_split(tables.labels, partition),
        }
        evidence = build_evidence(drugs, tables.proteins, tables.pathways, params.evidence)
        return cls(tables.labels.sort("drug_a", "drug_b"), splits, evidence, params.retrieve.weights)

    def part(self, protocol: Protocol, part: Part) -> pl.DataFrame:
        """One part of one split."""
        return self.splits[protocol].filter(pl.col("part") == part)

    def features(self, stripped: Sequence[str] = ()) -> DrugFeatures:
        """Features of the drugs; the stripped ones have none."""
        kept = ~self.evidence.drugs["drug_id"].is_in(list(stripped))
        fingerprints = self.evidence.fingerprints[kept.to_numpy()]
        return DrugFeatures.build(self.evidence.drugs.filter(kept), fingerprints, extra=stripped)


@dataclass(frozen=True)
class Duel:
    """Seconds of each of q queries, ours and the brute force's, and whether the answers differ, ``[q]``."""

    ours: np.ndarray
    brute: np.ndarray
    wrong: np.ndarray

    def summary(self) -> dict[str, float]:
        """Microseconds."""
        own, other = 1e6 * self.ours, 1e6 * self.brute
        return {
            "median": round(float(np.median(own)), 1),
            "mean": round(float(own.mean()), 1),
            "p99": round(float(np.quantile(own, 0.99)), 1),
            "most": round(float(own.max()), 1),
            "brute_median": round(float(np.median(other)), 1),
            "brute_mean": round(float(other.mean()), 1),
        }


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratios of query times to the brute force's."""
    threads = len(os.sched_getaffinity(0))
    world, generator = World.build(scale), np.random.default_rng(SEED)
    universes = {str(name): world.part(name, Part.TRAIN) for name in world.splits}
    features = world.features()
    index, build = _timed(lambda: NeighbourIndex.build(features, world.weights, universes, threads=threads))
    _, reweight = _timed(lambda: index.reweighted(world.weights, threads=threads))
    bare = generator.permutation(features.drug_ids)[: round(FEATURELESS_SHARE * len(features.drug_ids))]
    poorer = replace(index, features=world.features(bare.tolist())).reweighted(world.weights)
    chosen = world.labels[np.sort(generator.integers(0, world.labels.height, QUERIES))].sample(
        fraction=1, shuffle=True, seed=SEED
    )
    duels = {
        "warm": _duel(index, Protocol.WARM, chosen),
        "a fifth featureless": _duel(poorer, Protocol.WARM, chosen),
        **{
            str(name): _duel(index, name, _sample(world.part(name, Part.TEST)))
            for name in (Protocol.DRUG_COLD, Protocol.PAIR_COLD)
        },
    }
    plain, featureless = duels["warm"], duels["a fifth featureless"]
    brute = float(np.median(plain.brute))
    alone, shared = (_ask_all(index, world.labels, count) for count in (1, threads))
    poll = float(np.median(_polls(index, chosen)))
    ratios = {
        "median_speedup_vs_brute": round(brute / float(np.median(plain.ours)), 1),
        "p99_vs_brute_median": round(float(np.quantile(plain.ours, 0.99)) / brute, 4),
        "all_pairs_in_brute_queries": round(alone / brute),
        "featureless_speedup": round(float(featureless.brute.mean() / featureless.ours.mean()), 1),
        "in_proportion_in_brute_queries": round(poll / brute, 2),
        "mismatches": int(sum(duel.wrong.sum() for duel in duels.values())),
    }
    details = {
        "drugs": len(index.drug_ids),
        "training_pairs": universes["warm"].height,
        "all_pairs": world.labels.height,
        "all_pairs_seconds": {"1 thread": round(alone, 2), f"{threads} threads": round(shared, 2)},
        "build_seconds": round(build, 2),
        "reweight_seconds": round(reweight, 2),
        "compared": sum(len(duel.wrong) for duel in duels.values()),
        "microseconds": {name: duel.summary() for name, duel in duels.items()},
    }
    return ratios, details


def _sample(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.sample(min(QUERIES, pairs.height), shuffle=True, seed=SEED)


def _rows(index: NeighbourIndex, pairs: pl.DataFrame) -> tuple[Roster, Rows, Rows]:
    roster = index.roster({*pairs["drug_a"], *pairs["drug_b"]})
    return roster, roster.rows(pairs["drug_a"]), roster.rows(pairs["drug_b"])


def _ask_all(index: NeighbourIndex, pairs: pl.DataFrame, threads: int) -> float:
    """Seconds for the neighbours of every pair."""
    roster, a, b = _rows(index, pairs)
    return _timed(lambda: index.query_many("warm", roster, a, b, K, threads=threads))[1]


def _polls(index: NeighbourIndex, pairs: pl.DataFrame) -> Sequence[float]:
    """Seconds of each query in proportion; the first, which fetches code and tables, is asked again."""
    roster, a, b = _rows(index, pairs)
    ask = partial(index.query_many, "warm", roster, k=K, sharpness=SHARPNESS)
    ask(a=a[:1], b=b[:1])
    return [_timed(partial(ask, a=a[row : row + 1], b=b[row : row + 1]))[1] for row in range(len(a))]


def _duel(index: NeighbourIndex, universe: str, pairs: pl.DataFrame) -> Duel:
    """Ask query by query, in turns of a block each, so that neither finds the other's data in the cache."""
    roster, a, b = _rows(index, pairs)
    similarity = np.concatenate([index.ranking.similarity, roster.guests.similarity])
    training = index.universes[universe].members.pairs
    duel = Duel(np.empty(len(a)), np.empty(len(a)), np.zeros(len(a), dtype=bool))
    kept: list[Found] = []
    for start in range(0, len(a), BLOCK):
        block = range(start, min(start + BLOCK, len(a)))
        for query in (block[0], *block):  # the first fetches code and tables, and is asked again
            own = slice(query, query + 1)
            found, duel.ours[query] = _timed(partial(index.query_many, universe, roster, a[own], b[own], K))
            kept[query:] = [found]
        for query in (block[0], *block):
            rows = similarity[a[query]], similarity[b[query]]
            (numbers, scores), duel.brute[query] = _timed(
                partial(brute_force, *rows, training, a[query], b[query], K)
            )
            found = kept[query]
            duel.wrong[query] = (found.numbers[0] != numbers).any() or (found.scores[0] != scores).any()
    return duel


@njit
def brute_force(row_a, row_b, pairs, a, b, k):
    """Numbers and scores of the k best training pairs, the query itself left out."""
    numbers, best = np.full(k, -1, np.int32), np.full(k, -1, np.float32)
    for number in range(len(pairs)):
        c, d = pairs[number, 0], pairs[number, 1]
        score = max(row_a[c] + row_b[d], row_a[d] + row_b[c])
        if score <= best[-1] or (c == a and d == b):
            continue
        place = k - 1
        while place > 0 and best[place - 1] < score:
            best[place], numbers[place] = best[place - 1], numbers[place - 1]
            place -= 1
        best[place], numbers[place] = score, number
    return numbers, np.maximum(best, np.float32(0)) / np.float32(2)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started
