"""Uncertainty: percentile intervals from a pair-level and a drug-cluster bootstrap.

Pairs that share a drug are not independent. The cluster bootstrap draws drugs with replacement; a
pair counts as often as the product of its two drugs' multiplicities, so a drug's pairs come and go
together. Intervals from it are the ones that decide whether a difference is a win.

Shapes: ``n`` pairs, ``r`` resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mard.evaluate.statistic import DIGITS, UNSCORED, Floats, Statistic, Texts, as_score

LEVEL: Final = 0.95


@dataclass(frozen=True)
class Resamples:
    """Pair weights ``[r, n]`` of both bootstraps; drawn once a protocol, so that comparisons are paired."""

    pair: Floats
    cluster: Floats

    @classmethod
    def draw(cls, drug_a: Texts, drug_b: Texts, resamples: int, seed: int) -> Resamples:
        """Draw both, deterministically, for pairs of ``drug_a`` and ``drug_b`` [n]."""
        generator = np.random.default_rng(seed)
        pair = multiplicities(generator, len(drug_a), resamples).astype(np.float64)
        return cls(pair, cluster_weights(generator, drug_a, drug_b, resamples))


def multiplicities(generator: np.random.Generator, size: int, resamples: int) -> NDArray[np.int64]:
    """How often each of ``size`` units is drawn in ``size`` draws with replacement, ``[r, size]``."""
    drawn = generator.integers(0, size, (resamples, size)) + size * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * size).reshape(resamples, size)


def cluster_weights(generator: np.random.Generator, drug_a: Texts, drug_b: Texts, resamples: int) -> Floats:
    """Products of the drugs' multiplicities; resamples that hold no pair at all are left out."""
    drugs = np.unique(np.concatenate([drug_a, drug_b]))
    weights = pair_weights(drugs, multiplicities(generator, len(drugs), resamples), drug_a, drug_b)
    drawn_any: Floats = weights[weights.sum(axis=1) > 0]
    return drawn_any


def pair_weights(drugs: Texts, drawn: NDArray[np.int64], drug_a: Texts, drug_b: Texts) -> Floats:
    """Products of the two drugs' multiplicities ``[r, n]``.

    Args:
        drugs: Every drug once, sorted ``[d]``.
        drawn: How often each is drawn ``[r, d]``.
        drug_a: Of the pairs ``[n]``, likewise ``drug_b``.
        drug_b: Of the pairs.
    """
    a, b = np.searchsorted(drugs, drug_a), np.searchsorted(drugs, drug_b)
    weights: Floats = (drawn[:, a] * drawn[:, b]).astype(np.float64)
    return weights


def remembered(statistic: Statistic, resamples: Resamples) -> Statistic:
    """The same statistic; its values on these resamples are computed once, however often it is compared."""
    values: dict[str, Floats] = {}

    def over(weights: Floats) -> Floats:
        for name in ("pair", "cluster"):
            if weights is getattr(resamples, name):
                if name not in values:
                    values[name] = statistic.over(weights)
                return values[name]
        return statistic.over(weights)

    return Statistic(statistic.size, over)


def intervals(statistic: Statistic, resamples: Resamples) -> dict[str, Any]:
    """95 % intervals, ``{"pair": [low, high], "cluster": [low, high]}``, or unscored."""
    return {
        "pair": bounds(statistic.over(resamples.pair)),
        "cluster": bounds(statistic.over(resamples.cluster)),
    }


def compare(left: Statistic, right: Statistic, resamples: Resamples) -> dict[str, Any]:
    """``left - right`` with paired intervals: both systems are scored on the same resamples.

    ``win`` names the better side only when the paired cluster interval excludes 0, and is ``none`` else.
    """
    everything = np.ones((1, left.size))
    pair = bounds(left.over(resamples.pair) - right.over(resamples.pair))
    cluster = bounds(left.over(resamples.cluster) - right.over(resamples.cluster))
    difference = as_score((left.over(everything) - right.over(everything))[0])
    return {"difference": difference, "pair": pair, "cluster": cluster, "win": winner(cluster)}


def winner(interval: Any) -> str:
    """Which side an interval of a difference favours: ``left``, ``right``, or ``none`` where it holds 0."""
    if interval == UNSCORED:
        return "none"
    return "left" if interval[0] > 0 else "right" if interval[1] < 0 else "none"


def bounds(values: Floats) -> Any:
    """The 95 % percentile interval of values on resamples [r], or unscored where none defines one."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return UNSCORED
    tail = (1 - LEVEL) / 2
    return [round(float(bound), DIGITS) for bound in np.quantile(defined, [tail, 1 - tail])]
