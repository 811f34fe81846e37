from __future__ import annotations

import numpy as np
import pytest

from mard.evaluate.classification import label_statistics, macro_f1, merged, selective_statistics
from mard.evaluate.statistic import UNSCORED, scores
from tests.unit.evaluate.labels import D, E, M, P, R, families, labels

GOLD = families(M, M, R, R, E).family
ANSWER = families(M, R, R, R, R).family


def test_macro_f1_by_hand() -> None:
    # M: tp 1, gold 2, predicted 1 -> 2*1/(2+1) = 2/3.  R: tp 2, gold 2, predicted 4 -> 4/6 = 2/3.
    # E: tp 0, gold 1, predicted 0 -> 0.  Mean over the three families in gold: (2/3 + 2/3 + 0) / 3 = 4/9.
    assert macro_f1(GOLD, ANSWER).score() == pytest.approx(4 / 9, abs=1e-6)


def test_a_family_absent_from_gold_is_left_out_of_the_mean_but_predicting_it_costs() -> None:
    # P is not in gold. M: tp 1, gold 2, predicted 1 -> 2/3 is the only F1, not (2/3 + 0) / 2.
    assert macro_f1(families(M, M).family, families(M, P).family).score() == pytest.approx(2 / 3, abs=1e-6)


def test_a_resample_without_a_family_averages_over_the_others() -> None:
    # dropping the one E pair leaves M 2/3 and, with R predicted 3 times, R 2*2/(2+3) = 4/5
    weights = np.array([[1.0, 1.0, 1.0, 1.0, 0.0]])
    assert macro_f1(GOLD, ANSWER).over(weights)[0] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_merging_metabolism_and_distribution_forgives_their_swap_only() -> None:
    assert merged(families(M, D, R).family).tolist() == ["PK_Metabolism+PK_Distribution"] * 2 + [R]
    got = scores(label_statistics(families(M, D, R), families(D, M, M)))
    assert got["accuracy"] == 0.0
    assert got["merged_accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    # merged class: tp 2, gold 2, predicted 3 -> 4/5; R: 0 -> mean 2/5
    assert got["merged_macro_f1"] == pytest.approx(0.4)


def test_subtype_metrics_by_hand() -> None:
    gold = labels(
        f"{R} bleeding bidirectional", f"{R} qtc bidirectional", f"{P} sedative a_to_b", f"{M} m a_to_b"
    )
    answer = labels(
        f"{R} bleeding bidirectional", f"{R} bleeding bidirectional", f"{P} sedative b_to_a", f"{R} m a_to_b"
    )
    got = scores(label_statistics(gold, answer))
    assert got["subtype_accuracy"] == 0.5  # bleeding and sedative of 4; "m" under a wrong family is wrong
    assert got["conditional_subtype_accuracy"] == pytest.approx(2 / 3, abs=1e-6)  # of the 3 right families
    # bleeding: tp 1, gold 1, predicted 2 -> 2/3; qtc 0; sedative 1; m 0 -> (2/3 + 1) / 4
    assert got["subtype_macro_f1"] == pytest.approx(5 / 12, abs=1e-6)
    assert got["direction_given_family"] == pytest.approx(2 / 3, abs=1e-6)


def test_conditional_accuracy_without_a_right_family_is_unscored() -> None:
    assert scores(label_statistics(families(M), families(R)))["conditional_subtype_accuracy"] == UNSCORED


def test_an_unparsed_answer_is_wrong() -> None:
    assert scores(label_statistics(families(M, R), labels(f"{M} s a_to_b", "")))["accuracy"] == 0.5


def test_abstaining_changes_coverage_and_selective_accuracy_not_accuracy() -> None:
    right, abstain = np.array([True, True, False, False]), np.array([False, False, False, True])
    got = scores(selective_statistics(right, abstain))
    assert got == {"coverage": 0.75, "selective_accuracy": pytest.approx(2 / 3, abs=1e-6)}


def test_abstaining_always_leaves_selective_accuracy_unscored() -> None:
    got = scores(selective_statistics(np.array([True]), np.array([True])))
    assert got == {"coverage": 0.0, "selective_accuracy": UNSCORED}
