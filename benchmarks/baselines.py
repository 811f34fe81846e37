"""What tier (iii) sees of its training pairs, and intervals over drugs, against doing it row by row.

The peer for the features takes one pair at a time and scores all training pairs with numpy: the k nearest
that hold neither drug, and the kernel sums by family. The peer for the intervals repeats the pairs of each
resample and asks scikit-learn for the macro-F1. ``mismatches`` counts shares and F1 values that differ.
``details`` has the seconds of every baseline on the protocol ``pair_cold``, and of all of them on every
core, with ``--artifacts`` those of a real corpus.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import f1_score

from benchmarks.synthetic import corpus as synthetic_corpus
from mard.baselines.arrays import FAMILIES
from mard.baselines.contest import Contest, run_baselines, taught
from mard.baselines.features import DrugTable, Tier
from mard.baselines.partitions import Corpus
from mard.config import load_params
from mard.evaluate.answers import texts
from mard.evaluate.bootstrap import cluster_weights
from mard.evaluate.classification import macro_f1
from mard.evidence.pool import build_evidence
from mard.retrieve.similarity import DrugFeatures, drug_similarity
from mard.schema import Protocol
from tasks.partitions import read_corpus
from tasks.stage import PARAMS, PRESETS, workspace_for

DEFAULT_SCALE = 0.02
MODELS = ("majority", "neighbour_vote", "kernel_propagation", "xgboost")
PEER_ROWS = 60
PEER_RESAMPLES = 60
RESAMPLES = 2_000
TOLERANCE = 2e-4
SEED = 0


def run(scale: float, artifacts: Path | None = None) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratios of times to the peers', on synthetic data or on a pipeline's folder."""
    corpus = _synthetic(scale) if artifacts is None else _of(artifacts)
    contests = {contest.protocol: (contest, gold) for contest, gold in corpus.contests(0)}
    contest, gold = contests[Protocol.PAIR_COLD]
    extraction, wrong_shares = _features(contest)
    intervals, wrong_scores = _intervals(contest, gold)
    workers = len(os.sched_getaffinity(0))
    whole, _ = _timed(lambda: run_baselines(contest, workers))
    ratios = {
        "extraction_speedup": round(extraction["peer"] / extraction["ours"], 1),
        "bootstrap_speedup": round(intervals["peer"] / intervals["ours"], 1),
        "mismatches": wrong_shares + wrong_scores,
    }
    details = {
        "train": contest.train.height,
        "rows": min(contest.params.max_train, contest.train.height),
        "held_out": gold.height,
        "microseconds_a_row": {name: round(1e6 * each, 1) for name, each in extraction.items()},
        "milliseconds_a_resample": {name: round(1e3 * each, 3) for name, each in intervals.items()},
        "all_models_seconds": round(whole, 2),
        "models": list(contest.params.models),
        "workers": workers,
    }
    return ratios, details


def _synthetic(scale: float) -> Corpus:
    params, tables = load_params(PARAMS), synthetic_corpus(scale)
    interacting = pl.concat([tables.labels["drug_a"], tables.labels["drug_b"]]).unique()
    drugs = tables.drugs.filter(pl.col("drug_id").is_in(interacting.implode()))
    evidence = build_evidence(drugs, tables.proteins, tables.pathways, params.evidence)
    features = DrugFeatures.build(evidence.drugs, evidence.fingerprints)
    table = DrugTable.build(evidence.drugs, evidence.fingerprints)
    chosen = replace(params.baselines, models=list(MODELS))
    return Corpus(tables.labels, drugs, features, table, params.split, params.retrieve.weights, chosen)


def _of(artifacts: Path) -> Corpus:
    preset = load_params(PARAMS, PRESETS / "small.yaml").baselines
    return replace(read_corpus(workspace_for(artifacts)), params=replace(preset, models=list(MODELS)))


# --- features -------------------------------------------------------------------------------------


def _features(contest: Contest) -> tuple[dict[str, float], int]:
    """Seconds a row, ours and the peer's, and rows whose shares differ."""
    ours, view = _timed(lambda: _tier_three(contest))
    rows = view.pairs.height
    sample = np.sort(np.random.default_rng(SEED).choice(rows, min(PEER_ROWS, rows), replace=False))
    peer, found = _timed(lambda: list(_row_by_row(contest, view.pairs[sample])))
    near, everyone = (own.symmetric[sample, : len(FAMILIES)] for own in view.votes)
    wrong = sum(
        abs(near[place] - shares[0]).max() > TOLERANCE or abs(everyone[place] - shares[1]).max() > TOLERANCE
        for place, shares in enumerate(found)
    )
    return {"ours": ours / rows, "peer": peer / len(sample)}, int(wrong)


def _tier_three(contest: Contest) -> Any:
    """A contest of its own, so that nothing is ready yet."""
    view = taught(replace(contest))
    view.examples(Tier.VOTES)
    return view


def _row_by_row(contest: Contest, pairs: pl.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Family shares of the nearest pairs and of all pairs, for one pair after the other."""
    train, params, index = contest.train.sort("pair_id"), contest.params, contest.index
    ids = sorted({*train["drug_a"], *train["drug_b"]})
    place = {drug: row for row, drug in enumerate(ids)}
    rows = index.features.rows_of(ids)
    similarity = drug_similarity(index.features, rows, rows, index.weights)
    c, d = (np.array([place[drug] for drug in train[side]]) for side in ("drug_a", "drug_b"))
    family = np.array([FAMILIES.index(name) for name in train["family"]])
    for drug_a, drug_b in pairs.select("drug_a", "drug_b").iter_rows():
        a, b = place[drug_a], place[drug_b]
        free = ~np.isin(c, [a, b]) & ~np.isin(d, [a, b])
        straight, crossed = (similarity[a, c], similarity[b, d]), (similarity[a, d], similarity[b, c])
        score = np.where(free, np.maximum(sum(straight), sum(crossed)) / 2, -1)
        nearest = np.lexsort((np.arange(len(score)), -score))[: params.k]
        kernel = sum((left * right) ** params.sharpness for left, right in (straight, crossed)) * free
        yield _shares(family[nearest], score[nearest]), _shares(family, kernel)


def _shares(family: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = np.bincount(family, weights=weight, minlength=len(FAMILIES))
    return total / total.sum() if total.sum() else total


# --- intervals ------------------------------------------------------------------------------------


def _intervals(contest: Contest, gold: pl.DataFrame) -> tuple[dict[str, float], int]:
    """Seconds a resample, ours and the peer's, and resamples whose macro-F1 differs."""
    answers = run_baselines(replace(contest, params=replace(contest.params, models=["neighbour_vote"])))
    said = texts(
        gold.select("pair_id").join(answers, on="pair_id", how="left", maintain_order="left")["family"]
    )
    truth, drugs = texts(gold["family"]), [texts(gold[side]) for side in ("drug_a", "drug_b")]
    ours, (weights, values) = _timed(lambda: _resampled(truth, said, drugs))
    few = min(PEER_RESAMPLES, len(weights))
    peer, theirs = _timed(lambda: [_one_resample(truth, said, own) for own in weights[:few]])
    wrong = int((np.abs(values[:few] - theirs) > TOLERANCE).sum())
    return {"ours": ours / len(weights), "peer": peer / few}, wrong


def _resampled(truth: np.ndarray, said: np.ndarray, drugs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    weights = cluster_weights(np.random.default_rng(SEED), *drugs, RESAMPLES)
    return weights, macro_f1(truth, said).over(weights)


def _one_resample(truth: np.ndarray, said: np.ndarray, weight: np.ndarray) -> float:
    drawn = np.repeat(np.arange(len(truth)), weight.astype(np.int64))
    own = truth[drawn]
    return float(f1_score(own, said[drawn], labels=np.unique(own), average="macro", zero_division=0))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
