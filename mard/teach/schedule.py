"""The temperature schedule (section 6 of the method)."""

from __future__ import annotations


def temperatures(low: float, high: float, count: int) -> tuple[float, ...]:
    """``count`` temperatures evenly from ``low`` to ``high``, ends included; their middle if only one."""
    if count == 1:
        return (round((low + high) / 2, 6),)
    step = (high - low) / (count - 1)
    return tuple(round(low + step * index, 6) for index in range(count))
