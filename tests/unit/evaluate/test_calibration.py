from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.errors import InputError
from mard.evaluate.calibration import au_at_90, coverage_accuracy, ece, reliability
from mard.evaluate.statistic import UNSCORED

CONFIDENCE = np.array([0.95, 0.95, 0.55, 0.05])
RIGHT = np.array([True, False, True, False])


def test_ece_by_hand() -> None:
    # bin (0.9, 1]: |0.5 - 0.95| twice; (0.5, 0.6]: |1 - 0.55| once; [0, 0.1]: |0 - 0.05| once
    assert ece(CONFIDENCE, RIGHT, 10) == pytest.approx((2 * 0.45 + 0.45 + 0.05) / 4)


def test_reliability_bins_hold_their_upper_bound_and_empty_ones_are_unscored() -> None:
    rows = reliability(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), 2)
    assert [row["pairs"] for row in rows] == [2, 1]  # 0 and 0.5 below, 1.0 above
    assert rows[0] | {} == {"low": 0.0, "high": 0.5, "pairs": 2, "confidence": 0.25, "accuracy": 0.5}
    assert reliability(np.array([0.9]), np.array([True]), 2)[0]["accuracy"] == UNSCORED


def test_the_coverage_curve_by_hand() -> None:
    # most confident first; the two at 0.95 count as one right of two wherever the line falls between them
    got = coverage_accuracy(CONFIDENCE, RIGHT, np.array([0.25, 0.5, 0.75, 1.0]))
    assert got == pytest.approx([0.5, 0.5, 2 / 3, 0.5])


def test_au_at_90_is_the_accuracy_where_confidence_says_nothing() -> None:
    assert au_at_90(np.full(10, 0.5), np.arange(10) < 7) == pytest.approx(0.7)


def test_au_at_90_by_hand() -> None:
    # 20 answers, the least confident wrong, all others right: right share min(c, 0.95).
    # accuracy is 1 on [0.9, 0.95] and 0.95/c on [0.95, 1]: (0.05 + 0.95 ln(1/0.95)) / 0.1
    confidence = np.linspace(1, 0.05, 20)
    expected = (0.05 + 0.95 * np.log(1 / 0.95)) / 0.1
    assert au_at_90(confidence, np.arange(20) < 19) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_full_coverage_is_plain_accuracy_and_order_does_not_matter(rows: list[tuple[float, bool]]) -> None:
    confidence, right = (np.array(column) for column in zip(*rows, strict=True))
    assert coverage_accuracy(confidence, right, np.array([1.0]))[0] == pytest.approx(right.mean())
    assert au_at_90(confidence[::-1], right[::-1]) == pytest.approx(au_at_90(confidence, right), abs=2e-6)


@pytest.mark.parametrize("metric", [au_at_90, lambda c, r: ece(c, r, 10)])
def test_no_answers_at_all_is_an_error(metric: object) -> None:
    with pytest.raises(InputError, match="no answers"):
        metric(np.array([]), np.array([], dtype=bool))  # type: ignore[operator]
