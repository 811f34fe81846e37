"""THS: partial credit down the hierarchy family, subtype, direction."""

from __future__ import annotations

from typing import Final

import numpy as np

from mard.evaluate.answers import Labels
from mard.evaluate.statistic import Floats, Statistic, mean

FAMILY: Final = 0.3
SUBTYPE: Final = 0.7
TRIPLE: Final = 1.0


def hierarchy_scores(gold: Labels, predicted: Labels) -> Floats:
    """Per pair ``[n]``: 0 wrong family, 0.3 family, 0.7 family and subtype, 1.0 with the direction too.

    Direction counts only under a right subtype. Polarity is not part of the triple and is reported
    on its own. An abstention's direction n/a never equals gold.
    """
    family = gold.family == predicted.family
    subtype = family & (gold.subtype == predicted.subtype)
    triple = subtype & (gold.direction == predicted.direction)
    credit: Floats = np.select([triple, subtype, family], [TRIPLE, SUBTYPE, FAMILY], 0.0)
    return credit


def ths(gold: Labels, predicted: Labels) -> Statistic:
    """Mean of :func:`hierarchy_scores`."""
    return mean(hierarchy_scores(gold, predicted))
