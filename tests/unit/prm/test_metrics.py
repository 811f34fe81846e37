from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mard.prm.metrics import auroc, expected_calibration_error, step_metrics


def test_auroc_by_hand() -> None:
    # Right: .9 and .5; wrong: .5 and .1. Of the 4 pairs 3 are won and one is tied: 3.5 / 4.
    p = np.array([0.9, 0.5, 0.5, 0.1])
    assert auroc(p, np.array([True, True, False, False])) == pytest.approx(0.875)


def test_auroc_agrees_with_a_reference_on_ties() -> None:
    draw = np.random.default_rng(0)
    p = draw.integers(0, 10, 500) / 10
    right = draw.random(500) < p
    assert auroc(p, right) == pytest.approx(roc_auc_score(right, p))


def test_auroc_of_one_class_is_unknown() -> None:
    assert auroc(np.array([0.2, 0.8]), np.array([True, True])) is None


def test_calibration_error_by_hand() -> None:
    # Bin [.8, .9): .8 and .88, one right: |1.68 - 1| = .68; bin [.2, .3): .2, wrong: .2; over 3 steps.
    p = np.array([0.8, 0.88, 0.2])
    right = np.array([True, False, False])
    assert expected_calibration_error(p, right, bins=10) == pytest.approx((0.68 + 0.2) / 3)


def test_a_probability_of_one_is_in_the_last_bin() -> None:
    assert expected_calibration_error(np.array([1.0]), np.array([True]), bins=10) == 0


def test_the_share_of_right_steps_stands_beside_accuracy() -> None:
    found = step_metrics(np.array([0.9, 0.9, 0.9, 0.6]), np.array([True, True, True, False]))
    assert (found["accuracy"], found["plus_share"], found["steps"]) == (0.75, 0.75, 4)


def test_nothing_held_out_is_an_error() -> None:
    with pytest.raises(ValueError, match="no held-out steps"):
        step_metrics(np.array([]), np.array([], dtype=bool))
