"""Turns under a clock that the test moves."""

from __future__ import annotations

import asyncio

from mard.teach.pace import Pace
from tests.unit.teach.test_breaker import Time


def turns(per_minute: float | None, count: int) -> list[float]:
    time = Time()
    pace = Pace(per_minute, clock=time.clock, sleep=time.sleep)
    found = []
    for _ in range(count):
        asyncio.run(pace.turn())
        found.append(time.now - 100.0)
    return found


def test_turns_are_a_minute_over_the_limit_apart() -> None:
    assert turns(120, 4) == [0.0, 0.5, 1.0, 1.5]  # 60 s / 120


def test_without_a_limit_nobody_waits() -> None:
    assert turns(None, 3) == [0.0, 0.0, 0.0]


def test_time_that_has_passed_is_not_saved_up() -> None:
    time = Time()
    pace = Pace(60, clock=time.clock, sleep=time.sleep)
    asyncio.run(pace.turn())
    time.now += 10
    for _ in range(2):
        asyncio.run(pace.turn())
    assert time.now == 111.0  # one turn at once, the next a second later
