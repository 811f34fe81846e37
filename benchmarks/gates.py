"""The leakage checks on the tables of a split, against the same checks written with sets of tuples.

The peer is what one writes first in plain Python: rows as tuples, parts as sets of (drug, drug), loops. It is
handed its rows ready made and builds each set once. Both judge a clean corpus and one with a leak of
every kind; ``differences`` counts gates whose numbers differ.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.synthetic import corpus
from mard.config import load_params
from mard.gates import leakage
from mard.gates.leakage import HELD_OUT, GateResult
from mard.schema import Family, Part, Protocol
from mard.split.cold import drug_cold_split, drug_partition, identities, pair_cold_split
from mard.split.subset import evaluation_manifest, teacher_subset
from mard.split.warm import warm_split

DEFAULT_SCALE = 0.2
LEAKY_SCALE = 0.1
ROUNDS = 3

Finding = tuple[str, str, int, int]
Row = tuple[str, ...]
Parts = dict[str, set[tuple[str, str]]]


@dataclass(frozen=True)
class Tables:
    """What the gates look at, as frames."""

    labels: pl.DataFrame
    splits: Mapping[Protocol, pl.DataFrame]
    partition: pl.DataFrame
    identities: list[tuple[str, str]]
    subset: pl.DataFrame
    manifest: pl.DataFrame


@dataclass(frozen=True)
class Rows:
    """The same as Python rows: pair id, drugs, the four parts of the label and, in splits, the part."""

    labels: list[Row]
    splits: Mapping[Protocol, list[Row]]
    partition: dict[str, str]
    identities: list[tuple[str, str]]
    subset: list[Row]
    manifest: list[Row]


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratio of the median times on the clean corpus, measured in turns."""
    clean = _split(scale)
    medians, differences = _duel(clean)
    leaky = _leaky(_split(min(scale, LEAKY_SCALE)))
    leaks = _ours(leaky)
    differences += _differences(leaks, _sets(_rows(leaky)))
    details = {
        "pairs": clean.labels.height,
        "gates_ms": round(1e3 * medians["gates"], 1),
        "sets_ms": round(1e3 * medians["sets"], 1),
        "label_column_ms": round(1e3 * medians["label column"], 1),
        "differences": differences,
        "violations_clean": sum(violations for *_, violations in _ours(clean)),
        "violations_planted": {f"{gate}/{on}": violations for gate, on, _, violations in leaks if violations},
        "gate_ms": _by_gate(clean),
    }
    return {"speedup_vs_sets": round(medians["sets"] / medians["gates"], 2)}, details


def _duel(tables: Tables) -> tuple[dict[str, float], int]:
    """Median seconds of both, measured in turns, and in how many findings they differ."""
    rows = _rows(tables)
    work = {
        "gates": partial(_ours, tables),
        "sets": partial(_sets, rows),
        "label column": tables.splits[Protocol.WARM]["family"].value_counts,
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    found: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for name, call in work.items():
            started = time.perf_counter()
            found[name] = call()
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return medians, _differences(found["gates"], found["sets"])


def _split(scale: float) -> Tables:
    made = corpus(scale)
    params = load_params(Path("params.yaml")).split
    labels = made.labels
    partition = drug_partition(labels, made.drugs, params)
    splits = {
        Protocol.WARM: warm_split(labels, params),
        Protocol.DRUG_COLD: drug_cold_split(labels, partition),
        Protocol.PAIR_COLD: pair_cold_split(labels, partition),
    }
    manifest = evaluation_manifest(splits, params.eval_sizes, params.warm_seed)
    subset = teacher_subset(splits, params)
    return Tables(labels, splits, partition, list(identities(made.drugs)), subset, manifest)


def _leaky(clean: Tables) -> Tables:
    """A leak for every gate: pairs that move, turn round, come twice or change their label."""
    warm, drug_cold, pair_cold = clean.splits.values()
    first = warm.row(0, named=True)
    turned = {"pair_id": f"{first['drug_b']}|{first['drug_a']}", "drug_a": first["drug_b"]}
    other_part = "val" if first["part"] == "train" else "train"
    copy = pl.DataFrame(
        [{**first, **turned, "drug_b": first["drug_a"], "part": other_part}], schema=warm.schema
    )
    test = pl.col("part") == Part.TEST
    moved = pl.when(test & (pl.int_range(pl.len()) % 7 == 0)).then(pl.lit("train")).otherwise("part")
    known = pl.when(pl.int_range(pl.len()) % 11 == 0).then(pl.lit("test")).otherwise("part")
    other = pl.when(pl.int_range(pl.len()) == 1).then(pl.lit("another")).otherwise("subtype")
    moiety = [(drug, "one moiety") for drug in clean.partition["drug_id"][:40]]
    return replace(
        clean,
        labels=pl.concat([clean.labels, clean.labels[:3]]),
        splits={
            Protocol.WARM: pl.concat([warm.with_columns(subtype=other), copy]),
            Protocol.DRUG_COLD: drug_cold.with_columns(part=moved),
            Protocol.PAIR_COLD: pair_cold.with_columns(part=known)[1:],
        },
        identities=clean.identities + moiety,
    )


def _rows(tables: Tables) -> Rows:
    label = ("pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity")
    kept: dict[str, str] = {}

    def rows(table: pl.DataFrame, *columns: str) -> list[Row]:
        """Equal strings are one object, whose hash Python computes once: the best case for sets."""
        return [
            tuple(kept.setdefault(value, value) for value in row) for row in table.select(columns).iter_rows()
        ]

    return Rows(
        rows(tables.labels, *label),
        {protocol: rows(split, *label, "part") for protocol, split in tables.splits.items()},
        dict(tables.partition.select("drug_id", "part").iter_rows()),
        tables.identities,
        rows(tables.subset, *label, "part"),
        tables.manifest.rows(),
    )


# --- ours -----------------------------------------------------------------------------------------


def _checks(tables: Tables) -> list[Callable[[], GateResult]]:
    splits, labels = tables.splits, tables.labels
    return [
        *(lambda p=p: leakage.pair_disjoint(splits[p], p) for p in Protocol),
        *(lambda p=p: leakage.mirror_disjoint(splits[p], p) for p in Protocol),
        lambda: leakage.drug_cold_disjoint(splits[Protocol.DRUG_COLD], tables.partition),
        lambda: leakage.pair_cold_disjoint(splits[Protocol.PAIR_COLD]),
        lambda: leakage.alias_disjoint(tables.partition, tables.identities),
        lambda: leakage.label_unique(labels),
        lambda: leakage.teacher_subset_inside(tables.subset, splits),
        *(lambda p=p: leakage.manifest_integrity(splits[p], p, labels, []) for p in Protocol),
        lambda: leakage.manifest_members(tables.manifest, splits),
    ]


def _ours(tables: Tables) -> list[Finding]:
    results = [check() for check in _checks(tables)]
    return [(result.gate, result.protocol, result.checked, result.violations) for result in results]


def _by_gate(tables: Tables) -> dict[str, float]:
    spent: Counter[str] = Counter()
    for check in _checks(tables):
        started = time.perf_counter()
        gate = check().gate
        spent[gate] += time.perf_counter() - started
    return {gate: round(1e3 * seconds, 1) for gate, seconds in spent.items()}


# --- the peer -------------------------------------------------------------------------------------


def _sets(rows: Rows) -> list[Finding]:
    splits = rows.splits
    parts = {protocol: _by_part(split) for protocol, split in splits.items()}
    gold = {pair: label for pair, _, _, *label in rows.labels}
    return [
        *(("pair_disjoint", p, len(splits[p]), _in_two_parts(parts[p])) for p in Protocol),
        *(("mirror_disjoint", p, len(splits[p]), _not_canonical(splits[p])) for p in Protocol),
        ("drug_cold_disjoint", "drug_cold", len(splits[Protocol.DRUG_COLD]), _drug_cold(rows, parts)),
        ("pair_cold_disjoint", "pair_cold", len(splits[Protocol.PAIR_COLD]), _pair_cold(parts)),
        ("alias_disjoint", "drug_partition", len(rows.partition), _aliases(rows)),
        ("label_unique", "labels", len(rows.labels), _labels(rows.labels)),
        ("teacher_subset_inside", "teacher_subset", len(rows.subset), _subset(rows, parts)),
        *(("manifest_integrity", p, len(splits[p]), _corpus(splits[p], rows.labels, gold)) for p in Protocol),
        ("manifest_integrity", "eval", len(rows.manifest), _members(rows, parts)),
    ]


def _by_part(split: list[Row]) -> Parts:
    parts: Parts = defaultdict(set)
    for _, a, b, *_, part in split:
        parts[part].add((a, b))
    return parts


def _in_two_parts(parts: Parts) -> int:
    either = {part: {(min(pair), max(pair)) for pair in pairs} for part, pairs in parts.items()}
    return len(set().union(*(one & other for one, other in combinations(either.values(), 2))))


def _not_canonical(split: list[Row]) -> int:
    return sum(a >= b or pair != f"{a}|{b}" for pair, a, b, *_ in split)


def _drug_cold(rows: Rows, parts: Mapping[Protocol, Parts]) -> int:
    held_out = {drug for drug, part in rows.partition.items() if part in HELD_OUT}
    own = parts[Protocol.DRUG_COLD]
    seen = {drug for pair in own[Part.TRAIN] for drug in pair}
    touching = sum(a in held_out or b in held_out for a, b in own[Part.TRAIN])
    return touching + sum(a in seen and b in seen for part in HELD_OUT for a, b in own[part])


def _pair_cold(parts: Mapping[Protocol, Parts]) -> int:
    own = parts[Protocol.PAIR_COLD]
    seen = {drug for pair in own[Part.TRAIN] for drug in pair}
    return sum(a in seen or b in seen for part in HELD_OUT for a, b in own[part])


def _aliases(rows: Rows) -> int:
    sides: dict[str, set[str]] = defaultdict(set)
    for drug, identity in rows.identities:
        if drug in rows.partition:
            sides[identity].add(rows.partition[drug])
    for drug, part in rows.partition.items():
        sides[drug].add(part)
    return sum(len(own) > 1 for own in sides.values())


def _labels(labels: list[Row]) -> int:
    counts = Counter((a, b) if a < b else (b, a) for _, a, b, *_ in labels)
    return sum(a == b for _, a, b, *_ in labels) + sum(count > 1 for count in counts.values())


def _subset(rows: Rows, parts: Mapping[Protocol, Parts]) -> int:
    return sum((a, b) not in own[Part.TRAIN] for own in parts.values() for _, a, b, *_ in rows.subset)


def _corpus(split: list[Row], labels: list[Row], gold: Mapping[str, list[str]]) -> int:
    there = {pair: label for pair, _, _, *label, _ in split}
    lost = sum(there.get(pair) != label for pair, _, _, *label in labels)
    foreign = sum(pair not in gold for pair, *_ in split)
    present = {(row[-1], row[3]) for row in split}
    return lost + foreign + sum((part, family) not in present for part in HELD_OUT for family in Family)


def _members(rows: Rows, parts: Mapping[Protocol, Parts]) -> int:
    return sum(
        tuple(pair.split("|")) not in parts[Protocol(protocol)][part]
        for protocol, part, _, pair in rows.manifest
    )


def _differences(ours: Iterable[Finding], peers: Iterable[Finding]) -> int:
    return sum(tuple(map(str, one)) != tuple(map(str, other)) for one, other in zip(ours, peers, strict=True))
