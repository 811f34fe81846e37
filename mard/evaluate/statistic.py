"""What a metric is: a function of pair weights, with ``unscored`` for what the data does not define.

Shapes: ``n`` pairs, ``r`` resamples. With all weights 1 a statistic is the metric itself; with the
weights of a bootstrap it is the metric on each resample, without a loop over either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mard.errors import InputError

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]
Mask = NDArray[np.bool_]

UNSCORED: Final = "unscored"
Score = float | Literal["unscored"]

DIGITS: Final = 6


@dataclass(frozen=True)
class Statistic:
    """A metric as a function of pair weights.

    Attributes:
        size: Number of pairs ``n``.
        over: Maps weights ``[r, n]`` to values ``[r]``, NaN where a resample does not define one.

    Raises:
        InputError: There are no pairs.
    """

    size: int
    over: Callable[[Floats], Floats]

    def __post_init__(self) -> None:
        if self.size == 0:
            raise InputError("a metric was asked for on no pairs at all; check the evaluation manifest")

    def score(self) -> Score:
        """The metric on the data as it is."""
        return as_score(self.over(np.ones((1, self.size)))[0])


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Statistic:
    """``sum(w * numerator) / sum(w * denominator)``, both ``[n]``; unscored where the denominator is 0."""
    columns = np.column_stack([numerator, denominator]).astype(np.float64)

    def over(weights: Floats) -> Floats:
        above, below = (weights @ columns).T
        return divide(above, below)

    return Statistic(len(columns), over)


def mean(values: ArrayLike, among: ArrayLike | None = None) -> Statistic:
    """Mean of ``values`` [n], such as the share of true entries of a mask, over the pairs in ``among``."""
    values = np.asarray(values, dtype=np.float64)
    member = np.ones_like(values) if among is None else np.asarray(among, dtype=np.float64)
    return ratio(np.where(member > 0, values, 0.0), member)


def divide(above: Floats, below: Floats) -> Floats:
    """``above / below`` with NaN where ``below`` is 0."""
    quotient: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return quotient


def as_score(value: Any) -> Score:
    """A float rounded to 6 digits, so that files do not depend on the order of summation; NaN is unscored."""
    return UNSCORED if np.isnan(value) else round(float(value), DIGITS)


def scores(statistics: dict[str, Statistic]) -> dict[str, Score]:
    """Every statistic on the data as it is."""
    return {name: statistic.score() for name, statistic in statistics.items()}
