"""How good step scores are on held-out traces, without the help of a data-frame library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]


def step_metrics(p: Scores, right: Flags, bins: int = 10) -> dict[str, float | None]:
    """Accuracy at 0.5, AUROC, ECE, and the share of "+", which is what a constant answer would score.

    Args:
        p: [n], P("+") of each step.
        right: [n], whether the step is right.
        bins: Of the ECE.

    Raises:
        ValueError: There are no steps.
    """
    if p.size == 0:
        raise ValueError("no held-out steps to score")
    return {
        "steps": float(p.size),
        "plus_share": float(right.mean()),
        "accuracy": float(((p > 0.5) == right).mean()),
        "auroc": auroc(p, right),
        "ece": expected_calibration_error(p, right, bins),
    }


def auroc(p: Scores, right: Flags) -> float | None:
    """Probability that a right step outscores a wrong one, ties counting half; None with one class only."""
    positive, negative = int(right.sum()), int((~right).sum())
    if not positive or not negative:
        return None
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = mean_rank[inverse][right].sum()
    return float((rank_sum - positive * (positive + 1) / 2) / (positive * negative))


def expected_calibration_error(p: Scores, right: Flags, bins: int) -> float:
    """Mean distance between P("+") and the share of "+" over equal-width bins, weighted by their size."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    sizes = np.bincount(place, minlength=bins)
    gaps = np.bincount(place, weights=p - right, minlength=bins)
    return float(np.abs(gaps[sizes > 0]).sum() / p.size)
