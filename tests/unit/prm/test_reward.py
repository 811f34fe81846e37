from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from mard.config import Prm
from mard.prm.reward import ALTERNATIVES, min_plus, trace_score

STEPS = [0.9, 0.4, 0.7]


def test_min_plus_by_hand() -> None:
    # min(0.9, 0.4, 0.7) + 0.1 * 0.7 = 0.4 + 0.07
    assert min_plus(STEPS, epsilon=0.1) == pytest.approx(0.47)
    assert min_plus(STEPS, epsilon=0.0) == 0.4
    assert min_plus([0.5], epsilon=0.1) == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("aggregate", "by_hand"),
    [
        ("min_plus", 0.4 + 0.1 * 0.7),
        ("min", 0.4),
        ("mean", (0.9 + 0.4 + 0.7) / 3),
        ("product", 0.9 * 0.4 * 0.7),
        ("last", 0.7),
    ],
)
def test_each_aggregate_by_hand(aggregate: str, by_hand: float) -> None:
    assert trace_score(aggregate, epsilon=0.1)(STEPS) == pytest.approx(by_hand)


def test_every_aggregate_can_be_configured() -> None:
    assert set(get_args(get_type_hints(Prm)["aggregate"])) == {"min_plus", *ALTERNATIVES}


def test_equal_weakest_links_are_told_apart_by_the_answer() -> None:
    assert min_plus([0.3, 0.9], 0.1) > min_plus([0.3, 0.8], 0.1)
    assert trace_score("min", 0.1)([0.3, 0.9]) == trace_score("min", 0.1)([0.3, 0.8])


@pytest.mark.parametrize("aggregate", ["min_plus", *ALTERNATIVES])
def test_a_trace_without_steps_has_no_reward(aggregate: str) -> None:
    with pytest.raises(ValueError, match="no reward"):
        trace_score(aggregate, 0.1)([])
