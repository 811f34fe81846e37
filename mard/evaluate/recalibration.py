"""Confidence that means accuracy: Platt scaling, fitted on val answers alone.

P(right) = 1 / (1 + exp(-(slope * logit(confidence) + offset))). Two numbers, so that a small val part
suffices. Where the slope is positive the ranking of answers stays, and with it AU@90 and abstention.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np
from scipy.optimize import minimize

from mard.evaluate.statistic import DIGITS, Floats, Mask

EDGE: Final = 0.01
"""Confidences are kept this far from 0 and 1, where their logits end."""

PRIOR: Final = 1.0
"""Weight of the pull towards slope 1 and offset 0, in val answers."""


@dataclass(frozen=True, slots=True)
class Platt:
    """The fitted line in logits; by default confidence is left (almost) as it is."""

    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def fit(cls, confidence: Floats, right: Mask) -> Self:
        """Maximum likelihood on ``n`` val answers, with a weak pull towards doing nothing.

        The pull keeps the line finite where every val answer is right, or every one wrong.
        """
        logit = _logit(confidence)
        sign = np.where(right, 1.0, -1.0)

        def loss(line: Floats) -> float:
            likelihood = np.logaddexp(0, -sign * (line[0] * logit + line[1])).sum()
            return float(likelihood + PRIOR * ((line[0] - 1) ** 2 + line[1] ** 2) / 2)

        slope, offset = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
        return cls(round(float(slope), DIGITS), round(float(offset), DIGITS))

    def apply(self, confidence: Floats) -> Floats:
        """Calibrated confidence ``[n]``."""
        calibrated: Floats = 1 / (1 + np.exp(-(self.slope * _logit(confidence) + self.offset)))
        return calibrated

    def to_json(self) -> dict[str, float]:
        """Plain JSON."""
        return asdict(self)


def _logit(confidence: Floats) -> Floats:
    kept = np.clip(confidence, EDGE, 1 - EDGE)
    logit: Floats = np.log(kept / (1 - kept))
    return logit
