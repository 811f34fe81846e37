from __future__ import annotations

import pytest

from mard.prm.reward import min_plus


def test_min_plus_by_hand() -> None:
    # min(0.9, 0.4, 0.7) + 0.1 * 0.7 = 0.4 + 0.07
    assert min_plus([0.9, 0.4, 0.7], epsilon=0.1) == pytest.approx(0.47)
    assert min_plus([0.9, 0.4, 0.7], epsilon=0.0) == 0.4
    assert min_plus([0.5], epsilon=0.1) == pytest.approx(0.55)


def test_equal_weakest_links_are_told_apart_by_the_answer() -> None:
    assert min_plus([0.3, 0.9], 0.1) > min_plus([0.3, 0.8], 0.1)


def test_a_trace_without_steps_has_no_reward() -> None:
    with pytest.raises(ValueError, match="no reward"):
        min_plus([], 0.1)
