from __future__ import annotations

import numpy as np
import pytest

from mard.evaluate.bootstrap import Resamples, cluster_weights, compare, intervals, multiplicities, remembered
from mard.evaluate.statistic import UNSCORED, Floats, Statistic, mean

DRUG_A = np.array(["DB1", "DB1", "DB1", "DB2"])
DRUG_B = np.array(["DB2", "DB3", "DB4", "DB3"])


def _pairs_of_one_hub(pairs: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array(["HUB"] * pairs), np.array([f"D{index:03}" for index in range(pairs)])


def test_every_resample_draws_as_many_units_as_there_are() -> None:
    drawn = multiplicities(np.random.default_rng(0), 7, 100)
    assert drawn.shape == (100, 7)
    assert (drawn.sum(axis=1) == 7).all()


def test_a_pair_weighs_the_product_of_its_drugs() -> None:
    # the same generator draws the drugs DB1..DB4; the pair (DB1, DB2) must weigh their product, and so on
    drawn = multiplicities(np.random.default_rng(3), 4, 50)
    place_a, place_b = [0, 0, 0, 1], [1, 2, 3, 2]
    expected = drawn[:, place_a] * drawn[:, place_b]
    expected = expected[expected.sum(axis=1) > 0]
    assert (cluster_weights(np.random.default_rng(3), DRUG_A, DRUG_B, 50) == expected).all()


def test_when_a_hub_is_not_drawn_all_its_pairs_go_with_it() -> None:
    # every pair holds HUB, so a resample without it is empty and is left out
    drug_a, drug_b = _pairs_of_one_hub(5)
    weights = cluster_weights(np.random.default_rng(0), drug_a, drug_b, 400)
    # HUB is among 6 drugs: it is missed with probability (5/6)^6 = 0.335
    assert 400 * 0.55 < len(weights) < 400 * 0.75
    assert (weights.sum(axis=1) > 0).all()


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = mean(np.arange(40) % 3 == 0)
    drug_a, drug_b = _pairs_of_one_hub(40)
    first, again, other = (intervals(values, Resamples.draw(drug_a, drug_b, 200, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_pair_interval_matches_the_normal_approximation() -> None:
    # 400 independent pairs, half right: standard error sqrt(.25 / 400) = 0.025, so 0.5 -+ 1.96 * 0.025
    drug_a = np.array([f"A{index}" for index in range(400)])
    drug_b = np.array([f"B{index}" for index in range(400)])
    low, high = intervals(mean(np.arange(400) % 2), Resamples.draw(drug_a, drug_b, 2000, 0))["pair"]
    assert (low, high) == (pytest.approx(0.451, abs=0.008), pytest.approx(0.549, abs=0.008))


def test_clusters_widen_the_interval_where_drugs_decide() -> None:
    # 20 hubs of 20 pairs; a hub's pairs are all right or all wrong
    hub = np.repeat(np.arange(20), 20)
    drug_a = np.char.add("HUB", hub.astype(np.str_))
    drug_b = np.array([f"D{index:03}" for index in range(400)])
    both = intervals(mean(hub % 2), Resamples.draw(drug_a, drug_b, 1000, 0))
    width = {name: high - low for name, (low, high) in both.items()}
    assert width["cluster"] > 3 * width["pair"]


def test_pairing_removes_what_two_systems_have_in_common() -> None:
    base = np.arange(200) % 2
    better = np.where(np.arange(200) % 10 == 0, 1, base)  # right wherever base is, and in 20 pairs more
    drug_a, drug_b = np.array([f"A{i}" for i in range(200)]), np.array([f"B{i}" for i in range(200)])
    result = compare(mean(better), mean(base), Resamples.draw(drug_a, drug_b, 1000, 0))
    assert result["difference"] == pytest.approx(0.1)
    assert result["pair"][0] > 0
    assert result["win"] == "left"
    assert compare(mean(base), mean(better), Resamples.draw(drug_a, drug_b, 1000, 0))["win"] == "right"


def test_a_system_does_not_beat_itself() -> None:
    same = mean(np.arange(9) % 2)
    drug_a, drug_b = _pairs_of_one_hub(9)
    assert compare(same, same, Resamples.draw(drug_a, drug_b, 50, 0)) == {
        "difference": 0.0, "pair": [0.0, 0.0], "cluster": [0.0, 0.0], "win": "none"
    }  # fmt: skip


def test_a_metric_that_no_resample_defines_has_no_interval() -> None:
    nothing = mean([1, 1], among=[False, False])
    resamples = Resamples.draw(np.array(["A", "B"]), np.array(["C", "D"]), 20, 0)
    assert intervals(nothing, resamples) == {"pair": UNSCORED, "cluster": UNSCORED}
    assert compare(nothing, nothing, resamples)["win"] == "none"


def test_a_remembered_statistic_is_computed_once_for_each_kind_of_resample() -> None:
    asked: list[int] = []
    plain = mean(np.arange(4) % 2)

    def over(weights: Floats) -> Floats:
        asked.append(len(weights))
        return plain.over(weights)

    resamples = Resamples.draw(DRUG_A, DRUG_B, 30, 0)
    once = remembered(Statistic(4, over), resamples)
    assert intervals(once, resamples) == intervals(once, resamples) == intervals(plain, resamples)
    assert asked == [len(resamples.pair), len(resamples.cluster)]
    assert once.score() == 0.5  # other weights are not mixed up with them
    other = Resamples.draw(DRUG_A, DRUG_B, 30, 1)
    assert intervals(once, other) == intervals(plain, other)
