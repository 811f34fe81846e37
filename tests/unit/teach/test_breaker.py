"""The breaker under a clock that the test moves: sleeping is what makes time pass."""

from __future__ import annotations

import asyncio

from mard.teach.breaker import Breaker


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def breaker(time: Time) -> Breaker:
    return Breaker(
        threshold=3, cooldown_s=5.0, longest_s=15.0, patience=4, clock=time.clock, sleep=time.sleep
    )


def test_it_opens_after_failures_in_a_row_only() -> None:
    one = breaker(Time())
    for _ in range(2):
        one.failed()
    one.succeeded()
    for _ in range(2):
        one.failed()
    assert not one.is_open
    one.failed()
    assert one.is_open


def test_requests_wait_for_the_cooldown_and_one_of_them_probes() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed()
    admitted: list[float] = []

    async def ask() -> None:
        assert await one.admit()
        admitted.append(time.now)
        if len(admitted) == 1:
            await time.sleep(2.0)  # the probe takes two seconds, in which nobody else may ask
            one.succeeded()

    async def ask_all() -> None:
        await asyncio.gather(*(ask() for _ in range(4)))

    asyncio.run(ask_all())
    assert admitted[0] >= 105.0
    assert all(moment >= admitted[0] + 2.0 for moment in admitted[1:])
    assert not one.is_open


def test_the_cooldown_doubles_up_to_the_longest_and_patience_ends() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed()
    waits = []
    for _ in range(4):
        before = time.now
        assert asyncio.run(one.admit())
        waits.append(time.now - before)
        one.failed()
    assert waits == [5.0, 10.0, 15.0, 15.0]  # 5, 2 x 5, then no longer than the longest
    assert one.is_gone
    assert not asyncio.run(one.admit())


def test_a_success_restores_all_patience() -> None:
    time = Time()
    one = breaker(time)
    for _ in range(3):
        one.failed()
    assert asyncio.run(one.admit())
    one.failed()
    assert asyncio.run(one.admit())
    one.succeeded()
    assert (one.failed_probes, one.is_open) == (0, False)
    for _ in range(3):
        one.failed()
    before = time.now
    assert asyncio.run(one.admit())
    assert time.now - before == 5.0
