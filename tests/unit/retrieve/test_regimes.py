from __future__ import annotations

import polars as pl

from mard.config import RegimeShares
from mard.retrieve.regimes import deal_regimes
from tests.corpora import labels

SHARES = RegimeShares(warm=0.5, drug_cold=0.25, pair_cold=0.25)


def dealt(seed: int = 1) -> pl.DataFrame:
    pairs = labels(((1, number) for number in range(2, 802)), families=["PK_Metabolism", "AdverseRisk"])
    return deal_regimes(pairs, SHARES, seed)


def test_shares_hold_within_each_family():
    for (_,), own in dealt().group_by("family"):
        counts = dict(own["regime"].value_counts().iter_rows())
        assert abs(counts["warm"] - own.height * 0.5) <= 1
        assert abs(counts["drug_cold"] - own.height * 0.25) <= 1


def test_a_regime_says_which_drugs_neighbours_avoid():
    for a, b, regime, avoid in dealt().select("drug_a", "drug_b", "regime", "avoid").iter_rows():
        expected = {"warm": [[]], "drug_cold": [[a], [b]], "pair_cold": [[a, b]]}
        assert avoid in expected[regime]


def test_which_drug_is_hidden_is_drawn():
    rows = dealt().filter(pl.col("regime") == "drug_cold").select("drug_a", "avoid").iter_rows()
    firsts = [avoid == [a] for a, avoid in rows]
    assert 0.35 < sum(firsts) / len(firsts) < 0.65


def test_the_seed_decides():
    assert dealt(1).equals(dealt(1))
    assert not dealt(1).equals(dealt(2))
