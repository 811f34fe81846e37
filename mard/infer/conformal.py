"""Abstention by split conformal thresholds, one a predicted family.

The score of a decision is vote margin x confidence. On the calibration pairs, a family's threshold
is the lowest at which the selective error, with one error and one pair added for the unseen test
pair, stays within 1 - target: (errors + 1) / (accepted + 1) <= 1 - target. What is bounded is the
expected selective error, where accepting nothing counts as no error. A family with too few
calibration pairs to pass even without an error shares the threshold of all families together; one
that has enough and still fails always abstains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from mard.infer.vote import Decision
from mard.schema import Direction, Family

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration pair: the predicted family, the decision's score, and whether it was right."""

    family: Family
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Conformal:
    """Fitted thresholds; None means that no score is high enough.

    Attributes:
        target: Selective accuracy aimed at.
        families: Threshold by predicted family; families that are not listed use ``pooled``.
        pooled: Threshold over all families.
    """

    target: float
    families: dict[str, float | None]
    pooled: float | None

    def accepts(self, family: Family, score: float) -> bool:
        """Whether a decision stands."""
        threshold = self.families.get(family, self.pooled)
        return threshold is not None and score >= threshold

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read back what :meth:`to_json` gave."""
        return cls(**data)


def score(decision: Decision) -> float:
    """Vote margin x confidence, in [0, 1]."""
    return decision.margin * decision.answer.confidence


def threshold(calibration: Sequence[Calibration], target: float) -> float | None:
    """The lowest score whose selective error, corrected for the sample's size, is within 1 - target."""
    ranked = sorted(calibration, key=lambda each: -each.score)
    found = None
    errors = 0
    for accepted, each in enumerate(ranked, start=1):
        errors += not each.right
        tied = accepted < len(ranked) and ranked[accepted].score == each.score
        if not tied and errors + 1 <= (1 - target) * (accepted + 1) + _ROUNDING:
            found = each.score
    return found


def fit_conformal(calibration: Sequence[Calibration], target: float) -> Conformal:
    """Thresholds for each family that has enough calibration pairs, and for all together."""
    enough = math.ceil(1 / (1 - target) - _ROUNDING) - 1 if target < 1 else math.inf
    families = {}
    for family in Family:
        own = [each for each in calibration if each.family is family]
        if len(own) >= enough:
            families[str(family)] = threshold(own, target)
    return Conformal(target, families, threshold(calibration, target))


def conformal(standing: Decision, fitted: Conformal) -> Decision:
    """Abstain where the score is below the family's threshold; the family stays as the best guess."""
    if standing.answer.abstain or fitted.accepts(standing.answer.family, score(standing)):
        return standing
    answer = replace(standing.answer, abstain=True, direction=Direction.NONE)
    return replace(standing, answer=answer)
