from __future__ import annotations

import numpy as np
import pytest

from mard.errors import InputError
from mard.evaluate.statistic import UNSCORED, as_score, mean, ratio, scores


def test_the_score_is_the_statistic_with_all_weights_one() -> None:
    # (1 + 0 + 1) / 3
    assert mean([1, 0, 1]).score() == pytest.approx(0.666667)


def test_weights_count_a_pair_several_times_or_not_at_all() -> None:
    # first row counts pair 0 twice and drops pair 1: (2*1 + 0*0 + 1*1) / 3; the second keeps only pair 1
    weights = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    assert mean([1, 0, 1]).over(weights) == pytest.approx([1.0, 0.0])


def test_a_ratio_divides_sums_not_pairs() -> None:
    # 3 grounded of 4 and 0 of 1: 3 / 5, where the mean of the two shares would be 0.375
    assert ratio([3, 0], [4, 1]).score() == pytest.approx(0.6)


def test_what_nobody_asked_is_unscored_not_zero() -> None:
    assert mean([1, 1], among=[False, False]).score() == UNSCORED
    assert ratio([0, 0], [0, 0]).score() == UNSCORED


def test_values_outside_the_subset_do_not_leak_in() -> None:
    assert mean([1, 0, 1, 1], among=[True, True, False, False]).score() == 0.5


def test_no_pairs_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="no pairs"):
        mean([])


def test_scores_are_rounded_so_that_files_do_not_depend_on_summation_order() -> None:
    assert as_score(0.1 + 0.2) == 0.3
    assert scores({"a": mean([1, 0])}) == {"a": 0.5}
