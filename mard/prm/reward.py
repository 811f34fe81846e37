"""From step scores to one score a trace (Eq. 4)."""

from __future__ import annotations

from collections.abc import Sequence


def min_plus(p: Sequence[float], epsilon: float) -> float:
    """Phi = min_i p_i + epsilon * p_last (Eq. 4): the weakest link, ties broken by the answer.

    Args:
        p: Probability of "+" for each step, then for the final answer.
        epsilon: Weight of the answer; 0.1 by default, since the paper does not give it.

    Raises:
        ValueError: ``p`` is empty.
    """
    if not p:
        raise ValueError("a trace without step scores has no reward")
    return min(p) + epsilon * p[-1]
