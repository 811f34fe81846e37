"""Comparing two releases against Python dictionaries, and all that ``mard release diff`` compares.

The later release is the earlier one edited: drugs and pairs are left out, others get another label or another
wording. The peer reads the same two label tables into dictionaries and finds what was added, removed and
relabelled, and the matrix by family; ``differences`` counts what it finds otherwise.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks._memory import peak_mb_of
from benchmarks.synthetic import corpus
from mard.config import load_params
from mard.drift.compare import compare
from mard.drift.drugs import compare_drugs
from mard.drift.page import render_page
from mard.drift.pairs import PairDrift, compare_pairs
from mard.drift.release import Release, wordings
from mard.evidence.pool import build_evidence
from mard.ingest.drugbank import ReleaseInfo
from mard.label.taxonomy import load_taxonomy
from mard.schema import LABEL

DEFAULT_SCALE = 0.1
ROUNDS = 5
DROPPED_DRUG, DROPPED_PAIR, RELABELLED, REWORDED = 37, 41, 29, 31  # every so many

Found = dict[str, Any]


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratio of the median times, measured in turns."""
    old = _release(scale)
    new = _edited(old)
    drugs = compare_drugs(old.drugs, new.drugs)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        pairs = _timed(ours, lambda: compare_pairs(old, new, drugs))
        plain = _timed(theirs, lambda: _by_dictionaries(old.labels, new.labels))
    whole: list[float] = []
    memory, drift = peak_mb_of(lambda: _timed(whole, lambda: compare(old, new, load_taxonomy())))
    page = _timed(whole, lambda: render_page(drift))
    details = {
        "pairs": [pairs.old, pairs.new],
        "drugs": [drugs.old, drugs.new],
        "added": pairs.added.height,
        "removed": pairs.removed.height,
        "relabelled": pairs.relabelled.height,
        "reworded": pairs.reworded[0],
        "differences": _differences(pairs, plain),
        "pairs_seconds": round(statistics.median(ours), 3),
        "dictionaries_seconds": round(statistics.median(theirs), 3),
        "all_comparisons_seconds": round(whole[0], 3),
        "all_comparisons_mb": memory,
        "page_seconds": round(whole[1], 3),
        "page_kilobytes": len(page) // 1000,
    }
    return {"speedup_vs_dictionaries": round(statistics.median(theirs) / statistics.median(ours), 2)}, details


def _release(scale: float) -> Release:
    made = corpus(scale)
    told = wordings(made.interactions.lazy())
    evidence = build_evidence(
        made.drugs, made.proteins, made.pathways, load_params(Path("params.yaml")).evidence
    )
    templates = {
        "template": pl.String,
        **dict.fromkeys(("family", "raw_subtype", "direction", "polarity"), pl.String),
    }
    return Release(
        info=ReleaseInfo("synthetic.xml", "0" * 64, "old", "2026-04-01"),
        taxonomy_version=load_taxonomy().version,
        drugs=made.drugs,
        labels=made.labels,
        templates=pl.DataFrame(schema={**templates, "rows": pl.Int64}),
        unmatched=pl.DataFrame(schema={"pair_id": pl.String, "reason": pl.String}),
        conflicts=pl.DataFrame(schema={"pair_id": pl.String}),
        evidence=evidence.drugs,
        wordings=told,
    )


def _edited(old: Release) -> Release:
    """The release with drugs and pairs left out, labels changed and sentences reworded, at fixed steps."""
    drugs = old.drugs.gather_every(DROPPED_DRUG)["drug_id"].implode()
    place = pl.int_range(pl.len())
    flipped = pl.when(pl.col("polarity") == "up").then(pl.lit("down")).otherwise(pl.lit("up"))
    labels = old.labels.with_columns(
        polarity=pl.when(place % RELABELLED == 0).then(flipped).otherwise("polarity")
    ).filter((place % DROPPED_PAIR != 0) & ~pl.any_horizontal(pl.col("drug_a", "drug_b").is_in(drugs)))
    return replace(
        old,
        info=replace(old.info, version="new"),
        drugs=old.drugs.filter(~pl.col("drug_id").is_in(drugs)),
        labels=labels,
        evidence=old.evidence.filter(~pl.col("drug_id").is_in(drugs)),
        wordings=old.wordings.with_columns(
            wording=pl.when(place % REWORDED == 0).then(pl.col("wording") ^ 1).otherwise("wording")
        ),
    )


def _by_dictionaries(old: pl.DataFrame, new: pl.DataFrame) -> Found:
    before, after = (
        {row[0]: row[1:] for row in table.select("pair_id", *LABEL).iter_rows()} for table in (old, new)
    )
    matrix: Counter[tuple[str | None, str | None]] = Counter()
    relabelled = set()
    for pair, label in before.items():
        other = after.get(pair)
        matrix[label[0], other[0] if other else None] += 1
        if other is not None and other != label:
            relabelled.add(pair)
    added = after.keys() - before.keys()
    matrix.update((None, after[pair][0]) for pair in added)
    return {
        "added": added,
        "removed": before.keys() - after.keys(),
        "relabelled": relabelled,
        "matrix": dict(matrix),
    }


def _differences(ours: PairDrift, plain: Found) -> int:
    found = {name: set(getattr(ours, name)["pair_id"]) for name in ("added", "removed", "relabelled")}
    matrix = {(old, new): pairs for old, new, pairs, _ in ours.matrix.iter_rows()}
    return sum(len(found[name] ^ plain[name]) for name in found) + len(
        set(matrix.items()) ^ set(plain["matrix"].items())
    )


def _timed(seconds: list[float], work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    seconds.append(time.perf_counter() - started)
    return result
