"""Does confidence mean what it says? Shapes: ``n`` answers, confidence in [0, 1], ``right`` a mask."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mard.errors import InputError
from mard.evaluate.statistic import Floats, Mask, Score, as_score, divide

LOWEST_COVERAGE: Final = 0.9


def reliability(confidence: Floats, right: Mask, bins: int) -> list[dict[str, Any]]:
    """Equal-width bins of confidence: bounds, count, mean confidence and accuracy (unscored when empty).

    A bin holds its upper bound, and the first one holds 0 as well.
    """
    count, said, found = _binned(confidence, right, bins)
    edges = np.linspace(0, 1, bins + 1)
    return [
        {
            "low": as_score(edges[i]),
            "high": as_score(edges[i + 1]),
            "pairs": int(count[i]),
            "confidence": as_score(said[i]),
            "accuracy": as_score(found[i]),
        }
        for i in range(bins)
    ]


def ece(confidence: Floats, right: Mask, bins: int) -> Score:
    """Expected calibration error: mean over answers of |accuracy - mean confidence| of their bin."""
    count, said, found = _binned(confidence, right, bins)
    filled = count > 0
    return as_score((count * np.abs(found - said))[filled].sum() / count.sum())


def _binned(confidence: Floats, right: Mask, bins: int) -> tuple[Floats, Floats, Floats]:
    if confidence.size == 0:
        raise InputError("calibration was asked for on no answers at all")
    index = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence, side="left")
    count = np.bincount(index, minlength=bins).astype(np.float64)
    said, found = (
        divide(
            np.bincount(index, weights=values.astype(np.float64), minlength=bins).astype(np.float64), count
        )
        for values in (confidence, right)
    )
    return count, said, found


def coverage_accuracy(confidence: Floats, right: Mask, coverage: Floats) -> Floats:
    """Accuracy when only the most confident share ``coverage`` [m], each above 0, is answered.

    Answers of equal confidence count as if drawn at random: between two confidence levels the
    number of right answers grows linearly.
    """
    covered, correct = _levels(confidence, right)
    accuracy: Floats = np.interp(coverage, covered, correct) / coverage
    return accuracy


def au_at_90(confidence: Floats, right: Mask) -> Score:
    """Area under the coverage-accuracy curve over coverage in [0.9, 1], divided by 0.1.

    Exact: with ``c`` the coverage, the share of right answers is ``alpha + beta c`` between two levels,
    and accuracy ``(alpha + beta c) / c`` integrates to ``alpha ln(c2 / c1) + beta (c2 - c1)``.
    """
    covered, correct = _levels(confidence, right)
    nodes = np.unique(np.concatenate([[LOWEST_COVERAGE], covered[covered > LOWEST_COVERAGE]]))
    rightness = np.interp(nodes, covered, correct)
    beta = np.diff(rightness) / np.diff(nodes)
    alpha = rightness[:-1] - beta * nodes[:-1]
    area = alpha * np.log(nodes[1:] / nodes[:-1]) + beta * np.diff(nodes)
    return as_score(area.sum() / (1 - LOWEST_COVERAGE))


def _levels(confidence: Floats, right: Mask) -> tuple[Floats, Floats]:
    """Share of answers, and share that is right, among those at least as confident as each level."""
    if confidence.size == 0:
        raise InputError("a coverage curve was asked for on no answers at all")
    _, level = np.unique(-confidence, return_inverse=True)
    answers, hits = np.bincount(level), np.bincount(level, weights=right.astype(np.float64))
    start = np.zeros(1)
    covered = np.concatenate([start, answers.cumsum() / confidence.size])
    correct = np.concatenate([start, hits.cumsum() / confidence.size])
    return covered, correct
