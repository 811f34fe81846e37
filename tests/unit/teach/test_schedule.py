"""The schedule, by hand."""

from __future__ import annotations

import pytest

from mard.teach.schedule import temperatures


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, (0.65,)),  # (0.30 + 1.00) / 2
        (2, (0.3, 1.0)),
        (8, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
    ],
)
def test_temperatures_are_even_and_include_both_ends(count: int, expected: tuple[float, ...]) -> None:
    assert temperatures(0.30, 1.00, count) == expected


def test_the_papers_schedule_has_24_steps_of_7_over_230() -> None:
    schedule = temperatures(0.30, 1.00, 24)
    assert len(schedule) == 24
    assert schedule[1] - schedule[0] == pytest.approx(0.7 / 23, abs=2e-6)
