from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from mard.schema import Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.subset import evaluation_manifest, shared_train, teacher_subset
from mard.split.warm import warm_split
from tests.corpora import corpus, drug_rows
from tests.unit.split.params import PARAMS


@pytest.fixture(scope="module")
def splits():
    labels = corpus(60, share=0.4)
    partition = drug_partition(labels, drug_rows(range(1, 61)), PARAMS)
    return {
        Protocol.WARM: warm_split(labels, PARAMS),
        Protocol.DRUG_COLD: drug_cold_split(labels, partition),
        Protocol.PAIR_COLD: pair_cold_split(labels, partition),
    }


def test_the_subset_lies_in_every_train_part_and_has_the_wanted_sizes(splits):
    subset = teacher_subset(splits, PARAMS)
    assert dict(subset["part"].value_counts().iter_rows()) == {"train": 60, "val": 10, "test": 10}
    for split in splits.values():
        parts = split.join(subset, on="pair_id", how="semi")["part"]
        assert set(parts) == {"train"}


def test_no_subtype_exceeds_the_cap(splits):
    tight = replace(PARAMS, subset_cap_per_subtype=3)
    counts = teacher_subset(splits, tight).group_by("family", "subtype").len()["len"]
    assert counts.max() == 3


def test_a_small_corpus_shrinks_all_parts_alike(splits):
    # 3 of each of 10 subtypes: 30 pairs for 80 wanted; 30 * 10 / 80 = 3.75, rounded down
    tight = replace(PARAMS, subset_cap_per_subtype=3)
    parts = dict(teacher_subset(splits, tight)["part"].value_counts().iter_rows())
    assert parts == {"train": 24, "val": 3, "test": 3}


def test_shared_train_is_the_intersection(splits):
    sets = [set(split.filter(pl.col("part") == "train")["pair_id"]) for split in splits.values()]
    assert shared_train(splits)["pair_id"].to_list() == sorted(sets[0] & sets[1] & sets[2])


def test_evaluation_manifests_are_nested_stratified_and_whole_where_a_part_is_small(splits):
    manifest = evaluation_manifest(splits, [500, 50, 20], seed=42)
    for (protocol, part), own in manifest.group_by("protocol", "part"):
        sets = {size: set(rows["pair_id"]) for (size,), rows in own.group_by("size")}
        pairs = splits[Protocol(protocol)].filter(pl.col("part") == part)
        assert sets[500] == set(pairs["pair_id"])
        assert sets[20] <= sets[50] <= sets[500]
        assert len(sets[20]) == min(20, pairs.height)
        kept = pairs.filter(pl.col("pair_id").is_in(list(sets[20])))
        assert set(kept["family"]) == set(pairs["family"])
