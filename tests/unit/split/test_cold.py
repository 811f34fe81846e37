from __future__ import annotations

from itertools import combinations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.split.cold import drug_cold_split, drug_partition, moieties, pair_cold_split
from tests.corpora import corpus, drug_id, drug_rows
from tests.corpora import labels as labels_of
from tests.unit.split.params import PARAMS


def drugs_by_part(partition: pl.DataFrame) -> dict[str, set[str]]:
    parts = partition.group_by("part").agg("drug_id").iter_rows()
    return {part: set(ids) for part, ids in parts}


def test_partition_is_80_10_10_and_counts_pairs():
    labels = corpus(100, share=0.2)
    partition = drug_partition(labels, drug_rows(range(1, 101)), PARAMS)
    assert {part: len(ids) for part, ids in drugs_by_part(partition).items()} == {
        "train": 80,
        "val": 10,
        "test": 10,
    }
    assert partition["pairs"].sum() == 2 * labels.height


def test_partition_is_stratified_by_pair_count():
    # ten strata of ten drugs by count: each gives one drug to test and one to val
    labels = corpus(100, share=0.2)
    partition = drug_partition(labels, drug_rows(range(1, 101)), PARAMS).sort("pairs", "drug_id")
    strata = [partition["part"][start : start + 10].to_list() for start in range(0, 100, 10)]
    assert all(stratum.count("test") == stratum.count("val") == 1 for stratum in strata)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999))
def test_cold_rules_hold_on_any_corpus(seed):
    labels = corpus(25, share=0.4, seed=seed)
    partition = drug_partition(labels, drug_rows(range(1, 26)), PARAMS)
    part = dict(partition.select("drug_id", "part").iter_rows())
    for a, b, own in drug_cold_split(labels, partition).select("drug_a", "drug_b", "part").iter_rows():
        both = {part[a], part[b]}
        assert own == ("test" if "test" in both else "val" if "val" in both else "train")
    for a, b, own in pair_cold_split(labels, partition).select("drug_a", "drug_b", "part").iter_rows():
        assert own == (part[a] if part[a] == part[b] else "aside")


def test_a_rare_family_reaches_the_pairs_of_two_held_out_drugs():
    # 10 of 400 pairs are Efficacy, on 20 of 40 drugs: a single draw misses them three times in four
    rare = pl.col("pair_id").is_in([f"{drug_id(n)}|{drug_id(n + 21)}" for n in range(1, 20, 2)])
    labels = labels_of(pair for pair in combinations(range(1, 41), 2) if sum(pair) % 2)
    common = pl.when(rare).then(pl.lit("Efficacy")).otherwise(pl.lit("PK_Metabolism"))
    labels = labels.with_columns(family=common)
    split = pair_cold_split(labels, drug_partition(labels, drug_rows(range(1, 41)), PARAMS))
    held_out = split.filter(pl.col("part").is_in(["val", "test"]) & (pl.col("family") == "Efficacy"))
    assert held_out.height > 0


def test_stereo_forms_and_retired_ids_of_one_moiety_stay_together():
    # 1 and 2 share an InChIKey block, 3 has retired into 2, 4 shares a retired id with 5
    drugs = drug_rows(
        range(1, 31),
        inchikey={1: "AAAAAAAAAAAAAA-BBBBBBBBBB-N", 2: "AAAAAAAAAAAAAA-CCCCCCCCCC-N"},
        secondary_ids={2: [drug_id(3)], 4: ["DB09999"], 5: ["DB09999"]},
    )
    moiety = moieties([drug_id(n) for n in range(1, 31)], drugs)
    assert {moiety[drug_id(n)] for n in (1, 2, 3)} == {"AAAAAAAAAAAAAA"}
    assert moiety[drug_id(4)] == moiety[drug_id(5)] == drug_id(4)
    assert len(set(moiety.values())) == 30 - 3
    for seed in range(5):
        partition = drug_partition(corpus(30, seed=seed), drugs, PARAMS)
        part = dict(partition.select("drug_id", "part").iter_rows())
        assert len({part[drug_id(n)] for n in (1, 2, 3)}) == 1
        assert part[drug_id(4)] == part[drug_id(5)]
