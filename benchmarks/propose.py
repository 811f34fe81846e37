"""faiss as an approximate proposer with exact re-ranking, against the exact rank join.

Queries are pairs held out of the universe. ``recall_at_10`` is the share of the exact ten neighbours that
the flat index with ten times as many proposals finds; ``speed_vs_exact_join`` is its speed, 1.0 being the
join's. The details have the same of every kind of index, with and without re-ranking many, and
``score_recall_at_10``: how many of its scores are as good as the exact tenth, for ties have many orders.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.synthetic import corpus
from mard.config import Weights, load_params
from mard.evidence.pool import build_evidence
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.propose import Kind, Proposer
from mard.retrieve.rank_join import Found
from mard.retrieve.similarity import DrugFeatures

DEFAULT_SCALE = 0.02
QUERIES = 500
ROUNDS = 3
K = 10
RANK = 64
KINDS: tuple[Kind, ...] = ("flat", "ivf", "hnsw")
BREADTHS = (1, 10)
MAIN = "flat x10"


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Recall and relative speed, measured in turns."""
    threads = len(os.sched_getaffinity(0))
    index, held_out = _world(scale, threads)
    roster = index.roster(())
    a, b = (roster.rows(held_out[side]) for side in ("drug_a", "drug_b"))
    built: dict[str, float] = {}
    answers: dict[str, Callable[[], Found]] = {
        "exact join": partial(index.query_many, "warm", roster, a, b, K, threads=threads)
    }
    for kind in KINDS:
        started = time.perf_counter()
        proposer = Proposer.build(index, ["warm"], rank=RANK, kind=kind, threads=threads)
        built[kind] = round(time.perf_counter() - started, 3)
        for breadth in BREADTHS:
            asked = replace(proposer, breadth=breadth)
            answers[f"{kind} x{breadth}"] = partial(
                asked.query_many, "warm", roster, a, b, K, threads=threads
            )
    found = {name: answer() for name, answer in answers.items()}
    medians = _in_turns(answers)
    exact = found["exact join"]
    details = {
        "pairs": len(index.universes["warm"].labels),
        "queries": len(a),
        "threads": threads,
        "rank": RANK,
        "build_seconds": built,
        "microseconds_a_query": {name: round(1e6 * own / len(a), 1) for name, own in medians.items()},
        "recall_at_10": {name: recall(own, exact) for name, own in found.items()},
        "score_recall_at_10": {name: score_recall(own, exact) for name, own in found.items()},
    }
    ratios = {
        "recall_at_10": recall(found[MAIN], exact),
        "speed_vs_exact_join": round(medians["exact join"] / medians[MAIN], 5),
    }
    return ratios, details


def recall(found: Found, exact: Found) -> float:
    """Share of the exact neighbours that were found."""
    hits = (exact.numbers[:, :, None] == found.numbers[:, None, :]).any(axis=2) & (exact.numbers >= 0)
    return round(float(hits.sum() / (exact.numbers >= 0).sum()), 4)


def score_recall(found: Found, exact: Found) -> float:
    """Share of the found scores that reach the last exact one."""
    reached = (found.numbers >= 0) & (found.scores >= exact.scores[:, -1:])
    return round(float(reached.sum() / (exact.numbers >= 0).sum()), 4)


def _world(scale: float, threads: int) -> tuple[NeighbourIndex, Any]:
    """An index over nine tenths of the pairs, and queries from the last."""
    tables = corpus(scale)
    params = load_params(Path(__file__).parents[1] / "params.yaml").evidence
    evidence = build_evidence(tables.drugs, tables.proteins, tables.pathways, params)
    features = DrugFeatures.build(evidence.drugs, evidence.fingerprints)
    pairs = tables.labels.sample(fraction=1.0, shuffle=True, seed=0)
    cut = len(pairs) // 10
    universes = {"warm": pairs[cut:]}
    index = NeighbourIndex.build(features, Weights(0.25, 0.25, 0.25, 0.25), universes, threads=threads)
    known = pairs[:cut].filter(
        pairs[:cut]["drug_a"].is_in(index.drug_ids) & pairs[:cut]["drug_b"].is_in(index.drug_ids)
    )
    return index, known[:QUERIES]


def _in_turns(answers: dict[str, Callable[[], Found]]) -> dict[str, float]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, answer in answers.items():
            started = time.perf_counter()
            answer()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}
