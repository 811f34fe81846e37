from __future__ import annotations

from dataclasses import replace

import polars as pl

from mard.split.warm import warm_split
from tests.corpora import corpus
from tests.unit.split.params import PARAMS


def test_each_family_is_cut_80_10_10():
    split = warm_split(corpus(60), PARAMS)
    for (_,), own in split.group_by("family"):
        counts = dict(own["part"].value_counts().iter_rows())
        expected = int(own.height * 0.1 + 0.5)
        assert counts["test"] == counts["val"] == expected


def test_rows_in_any_order_give_the_same_split_and_another_seed_another_one():
    labels = corpus(20)
    split = warm_split(labels, PARAMS)
    assert split.equals(warm_split(labels.sample(fraction=1.0, shuffle=True, seed=9), PARAMS))
    assert not split.equals(warm_split(labels, replace(PARAMS, warm_seed=7)))
    assert split.drop("part").equals(labels.drop("raw_subtype").sort("pair_id"))


def test_a_pair_keeps_its_part_on_every_machine():
    split = warm_split(corpus(12), PARAMS)
    test = split.filter(pl.col("part") == "test")["pair_id"].to_list()
    assert test == ["DB00002|DB00012", "DB00003|DB00007", "DB00004|DB00012", "DB00005|DB00009"]
