"""Each kind of leak, planted in a random corpus, is found by its gate, with its count, and by no other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.gates.leakage import manifest_hashes, neighbour_universe, training_rows
from mard.gates.suite import RULES, SplitTables, split_gates
from mard.gates.texts import evidence_text
from mard.schema import Protocol
from mard.split.cold import identities
from tests.unit.gates.worlds import GAPS, Clean

DRUGS = 40
Found = dict[tuple[str, str], int]
WARM, DRUG_COLD, PAIR_COLD = Protocol
HELD_OUT = ("val", "test")


@dataclass(frozen=True)
class World:
    """All that the 11 gates look at."""

    draw: random.Random
    tables: SplitTables
    labels: pl.DataFrame
    identities: list[tuple[str, str]]
    neighbours: pl.DataFrame
    rows: list[str]
    shown: pl.DataFrame
    descriptions: pl.DataFrame
    files: dict[str, str]

    def split(self, protocol: Protocol) -> pl.DataFrame:
        return self.tables.splits[protocol]

    def train(self, protocol: Protocol) -> pl.DataFrame:
        return self.split(protocol).filter(pl.col("part") == "train")

    def held_out(self) -> list[str]:
        return self.tables.partition.filter(pl.col("part") != "train")["drug_id"].to_list()

    def some(self, table: pl.DataFrame, count: int) -> pl.DataFrame:
        """Different random rows."""
        assert table.height >= count
        return table[sorted(self.draw.sample(range(table.height), count))]

    def with_split(self, protocol: Protocol, split: pl.DataFrame) -> World:
        tables = replace(self.tables, splits={**self.tables.splits, protocol: split})
        return replace(self, tables=tables)

    def moving(self, protocol: Protocol, pairs: pl.DataFrame, part: str) -> World:
        here = pl.col("pair_id").is_in(pairs["pair_id"].implode())
        moved = self.split(protocol).with_columns(part=pl.when(here).then(pl.lit(part)).otherwise("part"))
        return self.with_split(protocol, moved)


def clean(seed: int) -> World:
    made = Clean(seed, drugs=DRUGS)
    draw = random.Random(seed)
    train = made.part(PAIR_COLD, "train")
    neighbours = [
        (query, *draw.choice((pair, pair[::-1])))
        for query in made.part(PAIR_COLD, "test")["pair_id"]
        for pair in draw.sample(train.select("drug_a", "drug_b").rows(), 5)
    ]
    told = made.labels.select("pair_id", description=pl.lit("They interact."))
    shown = made.labels.select("pair_id", partner="drug_b", text=pl.lit("Blocks a channel."))
    return World(
        draw,
        made.tables,
        made.labels,
        list(identities(made.drugs)),
        pl.DataFrame(neighbours, schema=["pair_id", "first", "second"], orient="row"),
        made.subset["pair_id"].to_list(),
        shown,
        told,
        {f"{number}.parquet": f"{number:064d}" for number in range(9)},
    )


PINS = {f"{number}.parquet": f"{number:064d}" for number in range(9)}
NAMES = {f"DB{number:05d}": [f"Drugname{number:05d}"] for number in range(1, DRUGS + 1)}


def findings(world: World) -> Found:
    """Violations by gate and protocol, where there are any."""
    results = [
        *split_gates(world.tables, world.labels, world.identities, GAPS),
        neighbour_universe(world.neighbours, world.train(PAIR_COLD), world.held_out(), PAIR_COLD),
        training_rows("sft", world.rows, world.tables.subset),
        evidence_text(world.shown, NAMES, world.descriptions),
        manifest_hashes(PINS, world.files),
    ]
    assert {result.gate for result in results} == set(RULES)
    return {(result.gate, result.protocol): result.violations for result in results if result.violations}


def pair_in_two_parts(world: World, count: int) -> tuple[World, Found]:
    copies = world.some(world.train(WARM), count).with_columns(part=pl.lit("test"))
    return world.with_split(WARM, pl.concat([world.split(WARM), copies])), {("pair_disjoint", WARM): count}


def drugs_turned_round(world: World, count: int) -> tuple[World, Found]:
    turned = world.some(world.split(DRUG_COLD), count)
    rest = world.split(DRUG_COLD).join(turned, on="pair_id", how="anti")
    turned = turned.with_columns(drug_a="drug_b", drug_b="drug_a")
    return world.with_split(DRUG_COLD, pl.concat([rest, turned])), {("mirror_disjoint", DRUG_COLD): count}


def held_out_drug_in_train(world: World, count: int) -> tuple[World, Found]:
    listed = world.tables.manifest.filter(pl.col("protocol") == DRUG_COLD)
    test = world.split(DRUG_COLD).filter(pl.col("part") == "test").join(listed, on="pair_id", how="anti")
    leaky = world.moving(DRUG_COLD, world.some(test, count), "train")
    seen = {drug for pair in leaky.train(DRUG_COLD).select("drug_a", "drug_b").rows() for drug in pair}
    known = sum(
        part in HELD_OUT and a in seen and b in seen
        for a, b, part in leaky.split(DRUG_COLD).select("drug_a", "drug_b", "part").iter_rows()
    )
    return leaky, {("drug_cold_disjoint", DRUG_COLD): count + known}


def held_out_pair_with_a_known_drug(world: World, count: int) -> tuple[World, Found]:
    known = pl.col("drug_a").is_in(world.held_out()) ^ pl.col("drug_b").is_in(world.held_out())
    mixed = world.split(PAIR_COLD).filter(known & (pl.col("part") == "aside"))
    return world.moving(PAIR_COLD, world.some(mixed, count), "val"), {
        ("pair_cold_disjoint", PAIR_COLD): count
    }


def moiety_on_both_sides(world: World, count: int) -> tuple[World, Found]:
    sides = [world.tables.partition.filter(pl.col("part") == part) for part in ("train", "test")]
    known, unseen = (world.some(side, min(count, 3))["drug_id"] for side in sides)
    links = [
        row for n, pair in enumerate(zip(known, unseen, strict=True)) for row in ((d, f"M{n}") for d in pair)
    ]
    return (
        replace(world, identities=world.identities + links),
        {("alias_disjoint", "drug_partition"): min(count, 3)},
    )


def pair_listed_twice(world: World, count: int) -> tuple[World, Found]:
    twice = world.some(world.labels, count)
    return replace(world, labels=pl.concat([world.labels, twice])), {("label_unique", "labels"): count}


def pair_with_two_labels(world: World, count: int) -> tuple[World, Found]:
    other = world.some(world.labels, count).with_columns(subtype=pl.lit("another"))
    unlike = {("manifest_integrity", str(protocol)): count for protocol in Protocol}
    leaky = replace(world, labels=pl.concat([world.labels, other]))
    return leaky, {("label_unique", "labels"): count, **unlike}


def neighbours_from_warm(world: World, count: int) -> tuple[World, Found]:
    outside = world.train(WARM).join(world.train(PAIR_COLD), on="pair_id", how="anti")
    shown = world.some(outside, count)
    queries = [world.draw.choice(world.neighbours["pair_id"].to_list()) for _ in range(count)]
    added = pl.DataFrame({"pair_id": queries, "first": shown["drug_b"], "second": shown["drug_a"]})
    cold = set(world.held_out())
    broken = sum(
        1 + bool({a, b} & cold) + (pair == query)
        for query, (pair, a, b) in zip(
            queries, shown.select("pair_id", "drug_a", "drug_b").iter_rows(), strict=True
        )
    )
    leaky = replace(world, neighbours=pl.concat([world.neighbours, added]))
    return leaky, {("neighbour_universe", PAIR_COLD): broken}


def subset_beyond_train(world: World, count: int) -> tuple[World, Found]:
    test = world.some(world.split(WARM).filter(pl.col("part") == "test"), count)
    outside = sum(test.join(world.train(protocol), on="pair_id", how="anti").height for protocol in Protocol)
    tables = replace(world.tables, subset=pl.concat([world.tables.subset, test]))
    return replace(world, tables=tables), {("teacher_subset_inside", "teacher_subset"): outside}


def rows_from_elsewhere(world: World, count: int) -> tuple[World, Found]:
    outside = world.labels.filter(~pl.col("pair_id").is_in(world.rows))
    rows = [*world.rows, *world.some(outside, count)["pair_id"]]
    return replace(world, rows=rows), {("training_rows", "sft"): count}


def partner_named(world: World, count: int) -> tuple[World, Found]:
    some = world.some(world.labels, count)
    named = pl.format("Stronger with {}.", pl.col("drug_b").str.replace("DB", "drugNAME"))
    told = some.select("pair_id", partner="drug_b", text=named)
    return replace(world, shown=pl.concat([world.shown, told])), {("evidence_text", "pools"): count}


def description_told(world: World, count: int) -> tuple[World, Found]:
    here = pl.col("pair_id").is_in(world.some(world.labels, count)["pair_id"].implode())
    text = pl.when(here).then(pl.lit("Note: they  INTERACT. Really.")).otherwise("text")
    return replace(world, shown=world.shown.with_columns(text=text)), {("evidence_text", "pools"): count}


def pairs_lost(world: World, count: int) -> tuple[World, Found]:
    aside = world.some(world.split(PAIR_COLD).filter(pl.col("part") == "aside"), count)
    rest = world.split(PAIR_COLD).join(aside, on="pair_id", how="anti")
    return world.with_split(PAIR_COLD, rest), {("manifest_integrity", PAIR_COLD): count}


def labels_changed(world: World, count: int) -> tuple[World, Found]:
    here = pl.col("pair_id").is_in(world.some(world.labels, count)["pair_id"].implode())
    other = world.split(WARM).with_columns(subtype=pl.when(here).then(pl.lit("other")).otherwise("subtype"))
    return world.with_split(WARM, other), {("manifest_integrity", WARM): count}


def train_pairs_evaluated(world: World, count: int) -> tuple[World, Found]:
    listed = world.some(world.train(WARM), count).select(
        protocol=pl.lit("warm"), part=pl.lit("val"), size=pl.lit(20, dtype=pl.Int64), pair_id="pair_id"
    )
    tables = replace(world.tables, manifest=pl.concat([world.tables.manifest, listed]))
    return replace(world, tables=tables), {("manifest_integrity", "eval"): count}


def files_changed(world: World, count: int) -> tuple[World, Found]:
    changed = dict.fromkeys(world.draw.sample(sorted(world.files), count), "f" * 64)
    return replace(world, files=world.files | changed), {("manifest_integrity", "hashes"): count}


LEAKS: tuple[Callable[[World, int], tuple[World, Found]], ...] = (
    pair_in_two_parts,
    drugs_turned_round,
    held_out_drug_in_train,
    held_out_pair_with_a_known_drug,
    moiety_on_both_sides,
    pair_listed_twice,
    pair_with_two_labels,
    neighbours_from_warm,
    subset_beyond_train,
    rows_from_elsewhere,
    partner_named,
    description_told,
    pairs_lost,
    labels_changed,
    train_pairs_evaluated,
    files_changed,
)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(1, 6))
def test_a_planted_leak_is_found_by_its_gate_alone(leak, seed, count):
    world = clean(seed)
    leaky, expected = leak(world, count)
    assert findings(leaky) == {(gate, str(protocol)): found for (gate, protocol), found in expected.items()}


def test_every_gate_has_a_planted_leak():
    caught = {gate for leak in LEAKS for gate, _ in leak(clean(7), 1)[1]}
    assert caught == set(RULES)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_clean_corpora_raise_no_alarm(seed):
    assert findings(clean(seed)) == {}
