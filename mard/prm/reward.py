"""From step scores to one score a trace: Eq. 4, and what it may be compared with.

Every aggregate takes p_1 ... p_n of the steps and then p_last of the final answer. Min-plus is the
method's; ``product`` falls with the number of steps, ``last`` reads the answer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from statistics import fmean
from types import MappingProxyType
from typing import Final

TraceScore = Callable[[Sequence[float]], float]


def trace_score(aggregate: str, epsilon: float) -> TraceScore:
    """The function from step scores to Phi that the parameters ``prm.aggregate`` and ``prm.epsilon`` name."""
    return partial(min_plus, epsilon=epsilon) if aggregate == "min_plus" else ALTERNATIVES[aggregate]


def min_plus(p: Sequence[float], epsilon: float) -> float:
    """Phi = min_i p_i + epsilon * p_last (Eq. 4): the weakest link, ties broken by the answer.

    Args:
        p: Probability of "+" for each step, then for the final answer.
        epsilon: Weight of the answer; 0.1 by default, since the paper does not give it.

    Raises:
        ValueError: ``p`` is empty.
    """
    return weakest(p) + epsilon * p[-1]


def weakest(p: Sequence[float]) -> float:
    """min_i p_i."""
    return min(_some(p))


def mean(p: Sequence[float]) -> float:
    """The mean of p_i, the answer counting as one of them."""
    return fmean(_some(p))


def product(p: Sequence[float]) -> float:
    """The product of p_i: the probability that all hold, were they independent."""
    return prod(_some(p))


def last(p: Sequence[float]) -> float:
    """p_last, the final answer's, as an outcome reward model would give it."""
    return _some(p)[-1]


ALTERNATIVES: Final[Mapping[str, TraceScore]] = MappingProxyType(
    {"min": weakest, "mean": mean, "product": product, "last": last}
)


def _some(p: Sequence[float]) -> Sequence[float]:
    if not p:
        raise ValueError("a trace without step scores has no reward")
    return p
