"""Each gate finds the leak it is there for, planted in a random corpus, and is silent on clean ones."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.gates.leakage import (
    alias_disjoint,
    drug_cold_disjoint,
    label_unique,
    manifest_hashes,
    manifest_integrity,
    manifest_members,
    mirror_disjoint,
    neighbour_regime,
    neighbour_universe,
    pair_cold_disjoint,
    pair_disjoint,
    teacher_subset_inside,
    training_rows,
)
from mard.schema import Family, Protocol
from mard.split.cold import identities
from tests.corpora import corpus, drug_id
from tests.unit.gates.worlds import DRUGS, Clean

SEEDS = st.integers(0, 10_000)
quick = settings(max_examples=10, deadline=None)


def flipped(row: pl.DataFrame) -> pl.DataFrame:
    """A pair written the other way round."""
    a, b = row["drug_a"][0], row["drug_b"][0]
    return row.with_columns(pair_id=pl.lit(f"{b}|{a}"), drug_a=pl.lit(b), drug_b=pl.lit(a))


@quick
@given(SEEDS)
def test_no_gate_raises_a_false_alarm(seed):
    clean = Clean(seed)
    declared = [f"{p}/{part}/{family}" for p in Protocol for part in ("val", "test") for family in Family]
    results = [
        *(pair_disjoint(split, protocol) for protocol, split in clean.splits.items()),
        *(mirror_disjoint(split, protocol) for protocol, split in clean.splits.items()),
        drug_cold_disjoint(clean.splits[Protocol.DRUG_COLD], clean.partition),
        pair_cold_disjoint(clean.splits[Protocol.PAIR_COLD]),
        alias_disjoint(clean.partition, identities(clean.drugs)),
        label_unique(clean.labels),
        teacher_subset_inside(clean.subset, clean.splits),
        training_rows("sft", clean.subset["pair_id"].to_list(), clean.subset),
        *(manifest_integrity(split, p, clean.labels, declared) for p, split in clean.splits.items()),
        manifest_members(clean.manifest, clean.splits),
    ]
    assert [result for result in results if not result.passed] == []
    assert all(result.checked > 0 for result in results)


@quick
@given(SEEDS, st.booleans())
def test_pair_disjoint_finds_a_pair_in_two_parts_even_flipped(seed, flip):
    clean = Clean(seed)
    copy = clean.pick(clean.part(Protocol.WARM, "train")).with_columns(part=pl.lit("test"))
    pair = copy["pair_id"][0]
    leaky = pl.concat([clean.splits[Protocol.WARM], flipped(copy) if flip else copy])
    result = pair_disjoint(leaky, Protocol.WARM)
    assert (result.violations, result.examples) == (1, (f"{pair} in test and train",))


@quick
@given(SEEDS)
def test_mirror_disjoint_finds_a_flipped_pair(seed):
    clean = Clean(seed)
    wrong = flipped(clean.pick(clean.splits[Protocol.WARM]))
    result = mirror_disjoint(pl.concat([clean.splits[Protocol.WARM], wrong]), Protocol.WARM)
    assert result.examples == (f"{wrong['pair_id'][0]} is not canonical",)


@quick
@given(SEEDS)
def test_drug_cold_disjoint_finds_a_train_pair_with_a_held_out_drug(seed):
    clean = Clean(seed)
    pair = clean.pick(clean.part(Protocol.DRUG_COLD, "test"))["pair_id"][0]
    result = drug_cold_disjoint(clean.moved(Protocol.DRUG_COLD, pair, "train"), clean.partition)
    assert f"train pair {pair} holds a held-out drug" in result.examples


@quick
@given(SEEDS)
def test_drug_cold_disjoint_finds_a_test_pair_of_two_known_drugs(seed):
    clean = Clean(seed)
    pair = clean.pick(clean.part(Protocol.DRUG_COLD, "train"))["pair_id"][0]
    leaky = clean.moved(Protocol.DRUG_COLD, pair, "test")
    assert drug_cold_disjoint(leaky, clean.partition).examples == (
        f"test pair {pair}: both drugs are in train",
    )


def test_drug_cold_disjoint_finds_the_column_wise_split():
    # the design that samples test drugs of each column by itself: the other column keeps them in train
    labels = corpus(DRUGS, share=0.9)
    firsts = [drug_id(number) for number in range(5, 9)]
    split = labels.with_columns(
        part=pl.when(pl.col("drug_a").is_in(firsts)).then(pl.lit("test")).otherwise(pl.lit("train"))
    )
    partition = pl.DataFrame({"drug_id": firsts, "part": ["test"] * 4})
    leaks = split.filter((pl.col("part") == "train") & pl.col("drug_b").is_in(firsts)).height
    assert drug_cold_disjoint(split, partition).violations >= leaks > 0


@quick
@given(SEEDS)
def test_pair_cold_disjoint_finds_a_held_out_pair_with_a_known_drug(seed):
    clean = Clean(seed)
    aside = clean.part(Protocol.PAIR_COLD, "aside")
    train = set(clean.partition.filter(pl.col("part") == "train")["drug_id"])
    mixed = aside.filter(pl.col("drug_a").is_in(list(train)) | pl.col("drug_b").is_in(list(train)))
    pair = clean.pick(mixed)["pair_id"][0]
    result = pair_cold_disjoint(clean.moved(Protocol.PAIR_COLD, pair, "test"))
    assert result.examples == (f"test pair {pair}: a drug is in train",)


@quick
@given(SEEDS, st.booleans())
def test_alias_disjoint_finds_a_moiety_on_both_sides(seed, retired):
    clean = Clean(seed)
    first, second = drug_id(1), drug_id(2)
    part = (
        pl.when(pl.col("drug_id") == first)
        .then(pl.lit("train"))
        .when(pl.col("drug_id") == second)
        .then(pl.lit("test"))
    )
    leaky = clean.partition.with_columns(part=part.otherwise("part"))
    known = [(first, second)] if retired else identities(clean.drugs)
    result = alias_disjoint(leaky, known)
    identity = second if retired else "A" * 14
    assert result.examples == (f"{identity}: {first}, {second}",)


@quick
@given(SEEDS)
def test_label_unique_finds_a_second_label_and_a_self_pair(seed):
    clean = Clean(seed)
    row = clean.pick(clean.labels)
    pair = row["pair_id"][0]
    other = row.with_columns(family=pl.lit("another"))
    assert label_unique(pl.concat([clean.labels, other])).examples == (f"{pair} has 2 rows",)
    itself = row.with_columns(
        pair_id=pl.lit("DB00001|DB00001"), drug_a=pl.lit("DB00001"), drug_b=pl.lit("DB00001")
    )
    assert label_unique(pl.concat([clean.labels, itself])).examples == ("DB00001|DB00001 is a self-pair",)


def shown(query: str, *neighbours: tuple[str, str]) -> pl.DataFrame:
    """Rows of the neighbour table."""
    firsts, seconds = zip(*neighbours, strict=True)
    return pl.DataFrame({"pair_id": [query] * len(neighbours), "first": firsts, "second": seconds})


@quick
@given(SEEDS, st.booleans())
def test_neighbour_universe_finds_the_neighbours_of_another_protocol(seed, turned):
    clean = Clean(seed)
    protocol = Protocol.PAIR_COLD
    universe = clean.part(protocol, "train")
    query = clean.pick(clean.part(Protocol.DRUG_COLD, "test"))
    held_out = clean.partition.filter(pl.col("part") != "train")["drug_id"].to_list()
    good = clean.pick(universe)
    fine = shown(query["pair_id"][0], (good["drug_b"][0], good["drug_a"][0]))
    assert neighbour_universe(fine, universe, held_out, protocol).passed
    warm = clean.pick(clean.splits[Protocol.WARM].join(universe, on="pair_id", how="anti"))
    sides = (warm["drug_a"][0], warm["drug_b"][0])
    leaky = shown(query["pair_id"][0], sides[::-1] if turned else sides)
    result = neighbour_universe(leaky, universe, held_out, protocol)
    assert any("is not in train" in example for example in result.examples)
    assert any("held-out drug" in example for example in result.examples)


@quick
@given(SEEDS)
def test_neighbour_universe_finds_the_query_itself(seed):
    clean = Clean(seed)
    universe = clean.part(Protocol.WARM, "train")
    row = clean.pick(universe)
    pair = row["pair_id"][0]
    result = neighbour_universe(shown(pair, (row["drug_b"][0], row["drug_a"][0])), universe, [], "warm")
    assert result.examples == (f"{pair}: neighbour {pair} is the query",)


@pytest.mark.parametrize(
    ("regime", "neighbours", "violations"),
    [
        ("warm", [("DB00001", "DB00009"), ("DB00002", "DB00009")], 0),
        ("drug_cold", [("DB00001", "DB00009"), ("DB00008", "DB00001")], 0),
        ("drug_cold", [("DB00001", "DB00009"), ("DB00002", "DB00009")], 1),
        ("pair_cold", [("DB00008", "DB00009")], 0),
        ("pair_cold", [("DB00008", "DB00009"), ("DB00009", "DB00002")], 1),
    ],
)
def test_neighbour_regime_hides_the_drugs_that_a_cold_query_would_not_know(regime, neighbours, violations):
    pair = "DB00001|DB00002"
    queries = pl.DataFrame(
        {"pair_id": [pair], "drug_a": ["DB00001"], "drug_b": ["DB00002"], "regime": [regime]}
    )
    assert neighbour_regime(shown(pair, *neighbours), queries, "teacher").violations == violations


@quick
@given(SEEDS)
def test_teacher_subset_inside_finds_a_pair_that_one_protocol_holds_out(seed):
    clean = Clean(seed)
    outside = clean.pick(clean.part(Protocol.DRUG_COLD, "test"))
    result = teacher_subset_inside(pl.concat([clean.subset, outside]), clean.splits)
    assert f"{outside['pair_id'][0]} is not in train of drug_cold" in result.examples


@quick
@given(SEEDS)
def test_training_rows_finds_a_row_from_elsewhere(seed):
    clean = Clean(seed)
    pair = clean.pick(clean.part(Protocol.DRUG_COLD, "test"))["pair_id"][0]
    result = training_rows("preferences", [*clean.subset["pair_id"], pair, pair], clean.subset)
    assert (result.violations, result.examples) == (1, (f"{pair} may not be used",))


@quick
@given(SEEDS)
def test_manifest_integrity_finds_a_lost_an_added_and_a_changed_pair(seed):
    clean = Clean(seed)
    declared = [f"warm/{part}/{family}" for part in ("val", "test") for family in Family]
    split = clean.splits[Protocol.WARM]
    row = clean.pick(split)
    pair = row["pair_id"][0]
    lost = split.filter(pl.col("pair_id") != pair)
    changed = pl.concat([lost, row.with_columns(subtype=pl.lit("changed"))])
    for leaky in (lost, changed):
        found = manifest_integrity(leaky, "warm", clean.labels, declared).examples
        assert found == (f"{pair} is missing or has another label",)
    foreign = row.with_columns(pair_id=pl.lit("DB88888|DB99999"))
    found = manifest_integrity(pl.concat([split, foreign]), "warm", clean.labels, declared).examples
    assert found == ("DB88888|DB99999 is not in the corpus",)


def test_manifest_integrity_wants_every_family_or_a_declaration():
    clean = Clean(3)
    split = clean.splits[Protocol.WARM]
    dull = split.filter((pl.col("part") != "test") | (pl.col("family") != Family.EFFICACY))
    labels = clean.labels.join(dull, on="pair_id", how="semi")
    assert manifest_integrity(dull, "warm", labels, []).examples == (
        "warm/test/Efficacy is absent and not declared",
    )
    assert manifest_integrity(dull, "warm", labels, ["warm/test/Efficacy"]).passed


def test_manifest_hashes_finds_a_changed_and_a_missing_file():
    result = manifest_hashes({"a": "1" * 64, "b": "2" * 64, "c": "3" * 64}, {"a": "1" * 64, "b": "9" * 64})
    assert result.examples == (
        "b: pinned 222222222222, found 999999999999",
        "c: pinned 333333333333, found nothing",
    )


@quick
@given(SEEDS)
def test_manifest_members_finds_a_train_pair_in_an_evaluation_manifest(seed):
    clean = Clean(seed)
    pair = clean.pick(clean.part(Protocol.WARM, "train"))["pair_id"][0]
    row = clean.manifest[:1].with_columns(protocol=pl.lit("warm"), part=pl.lit("test"), pair_id=pl.lit(pair))
    assert manifest_members(pl.concat([clean.manifest, row]), clean.splits).examples == (
        f"{pair} is not in test of warm",
    )
