from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mard.evaluate.rarity import count_basis, deciles, pair_counts, rarer_count, spearman
from mard.evaluate.statistic import UNSCORED
from mard.schema import Protocol

TRAIN = pl.DataFrame(
    {"drug_a": ["DB00001", "DB00001", "DB00002"], "drug_b": ["DB00002", "DB00003", "DB00003"]}
)


def test_counts_look_at_both_sides_and_take_the_rarer_drug() -> None:
    counts = pair_counts(TRAIN.head(2))
    assert counts.rows() == [("DB00001", 2), ("DB00002", 1), ("DB00003", 1)]
    asked = pl.DataFrame({"drug_a": ["DB00001", "DB00001"], "drug_b": ["DB00003", "DB00009"]})
    assert rarer_count(asked, counts).tolist() == [1, 0]  # a drug that train never saw has 0


def test_cold_protocols_count_in_the_corpus_because_train_has_none() -> None:
    assert [count_basis(protocol) for protocol in Protocol] == ["train", "corpus", "corpus"]


def test_twenty_pairs_make_ten_deciles_of_two() -> None:
    rows = deciles(np.arange(20), np.arange(20) % 2 == 0)
    assert len(rows) == 10
    assert rows[0] == {"low": 0, "high": 1, "pairs": 2, "accuracy": 0.5}


def test_equal_counts_stay_together() -> None:
    rows = deciles(np.array([1] * 19 + [5]), np.array([True] * 19 + [False]))
    assert [(row["low"], row["high"], row["pairs"]) for row in rows] == [(1, 1, 19), (5, 5, 1)]


def test_spearman_by_hand() -> None:
    # ranks of counts 1 2 3 4, ranks of right 1.5 1.5 3.5 3.5: covariance 1, variances 5/4 and 1 -> 2/sqrt(5)
    got = spearman(np.array([1, 2, 3, 4]), np.array([False, False, True, True]))
    assert got == pytest.approx(2 / np.sqrt(5), abs=1e-6)


def test_spearman_of_a_constant_is_unscored() -> None:
    assert spearman(np.array([1, 2]), np.array([True, True])) == UNSCORED
    assert spearman(np.array([3, 3]), np.array([True, False])) == UNSCORED
