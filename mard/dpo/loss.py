"""Eq. 7, one value an example, and how the values are weighed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional


def dpo_values(
    chosen: Tensor, rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor, beta: float
) -> Tensor:
    """-log sigmoid(beta * margin), the margin being how much more than the reference the policy prefers y+.

    Args:
        chosen: [b], log-probability of y+ under the policy, summed over its tokens; likewise rejected.
        ref_chosen: [b], under the reference; likewise ref_rejected.
        beta: Inverse temperature.

    Returns:
        [b]
    """
    margin = (chosen - ref_chosen) - (rejected - ref_rejected)
    return -functional.logsigmoid(beta * margin)


def weighted_values(values: Tensor, weight: Tensor, mean_weight: float) -> Tensor:
    """The summands of Eq. 7, - sum_i w_i log sigmoid(beta margin_i) / sum_i w_i, scaled to be averaged.

    The sum of weights is taken over the whole training set, as its mean weight times its size: the
    average over an epoch is then Eq. 7 exactly, whatever the batch size. Normalised batch by batch,
    the weight of a pair would hang on its neighbours, and vanish with batches of one.

    Args:
        values: [b], from :func:`dpo_values`.
        weight: [b], from Eq. 6.
        mean_weight: Over the training set.

    Returns:
        [b]
    """
    return values * (weight / mean_weight)


def importance_rows(weights: Sequence[float], draws: int, seed: int) -> list[int]:
    """Indices drawn with probability w_i / sum w, with replacement: the expected plain loss is Eq. 7."""
    return random.Random(seed).choices(range(len(weights)), weights=weights, k=draws)
