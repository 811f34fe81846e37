"""All pairs screened shard by shard, against asking for them one by one.

Every drug of a synthetic release is screened, most of which are in no known pair. The peer asks the same
index for the neighbours and the channels of single pairs, as somebody would who has only the query of one
pair; it is spared the vote and the file. Time is that of the processor, so a rate is per core. ``mismatches``
counts the peer's pairs of which a screened row says anything else.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl

from benchmarks.synthetic import corpus
from mard.config import load_params
from mard.evidence.pool import build_evidence
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.screen import Screened, Screener, Screening
from mard.retrieve.similarity import DrugFeatures
from mard.schema import PairEvidence
from tasks.screen import write

DEFAULT_SCALE = 0.05
SHARDS = 6
SHARD_DRUGS = 512  # as `mard screen` cuts them
ASKED = 50
SEED = 0

CHANNELS = tuple(PairEvidence.__dataclass_fields__)
T = TypeVar("T")


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Screen some shards, and in turns with each, ask for some of its pairs one by one."""
    index, labelled, drugs = _world(scale)
    ask = Screening("warm", 5, "include", 0.0, SHARD_DRUGS, drugs)
    screener, draw = Screener(index, ask, labelled), np.random.default_rng(SEED)
    shards = list(ask.shards())
    chosen = [shards[place] for place in draw.permutation(len(shards))[:SHARDS]]
    screener.screen(chosen[0])  # compiles, and below too
    _alone(index, ask, *drugs[:2])
    ours, single, pairs, asked, wrong = 0.0, 0.0, 0, 0, 0
    for shard in chosen:
        screened, seconds = _timed(lambda shard=shard: _written(screener.screen(shard)))
        ours, pairs = ours + seconds, pairs + screened.counts["pairs"]
        rows = pl.DataFrame(pl.from_arrow(screened.table))
        rows = rows[np.sort(draw.permutation(rows.height)[:ASKED])]
        questions = [(str(a), str(b)) for a, b in rows.select("drug_a", "drug_b").iter_rows()]
        found, seconds = _timed(lambda questions=questions: [_alone(index, ask, *each) for each in questions])
        single, asked = single + seconds, asked + len(found)
        said = rows.select("similarity", *CHANNELS).rows()
        wrong += sum(one != other for one, other in zip(said, found, strict=True))
    ratios = {
        "speedup_vs_single_queries": round((single / asked) / (ours / pairs), 1),
        "pairs_per_core_second": round(pairs / ours),
        "mismatches": wrong,
    }
    details = {
        "drugs": len(drugs),
        "indexed_drugs": len(index.drug_ids),
        "training_pairs": labelled.height,
        "possible_pairs": ask.pairs,
        "shards": len(shards),
        "screened_shards": len(chosen),
        "screened_pairs": pairs,
        "single_queries": asked,
        "microseconds_a_pair": {
            "screened": round(1e6 * ours / pairs, 2),
            "single": round(1e6 * single / asked, 1),
        },
    }
    return ratios, details


def _alone(index: NeighbourIndex, ask: Screening, a: str, b: str) -> tuple[float, ...]:
    """What one pair's own query says of it: the nearest neighbour's similarity, and the channels."""
    neighbours, evidence = index.query(ask.universe, a, b, ask.k), index.pair_evidence(a, b)
    return neighbours[0].similarity, *(getattr(evidence, channel) for channel in CHANNELS)


def _written(screened: Screened) -> Screened:
    """Write a shard, as the command does."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "pairs.parquet", screened)
    return screened


def _world(scale: float) -> tuple[NeighbourIndex, pl.DataFrame, tuple[str, ...]]:
    """An index over all known pairs, these pairs, and every drug."""
    tables = corpus(scale)
    params = load_params(Path(__file__).parents[1] / "params.yaml")
    evidence = build_evidence(tables.drugs, tables.proteins, tables.pathways, params.evidence)
    features = DrugFeatures.build(evidence.drugs, evidence.fingerprints)
    threads = len(os.sched_getaffinity(0))
    index = NeighbourIndex.build(features, params.retrieve.weights, {"warm": tables.labels}, threads=threads)
    return index, tables.labels, tuple(tables.drugs["drug_id"].sort())


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` returns, and the processor seconds that it took."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started
