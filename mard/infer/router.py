"""Structural models as a second opinion: the router takes it, disagreement abstains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from mard.infer.conformal import score
from mard.infer.situation import Known, Opinion, Situation
from mard.infer.vote import Decision, elect_label, parsed
from mard.schema import Direction, FinalAnswer

_GRID: Final = tuple(step / 10 for step in range(1, 10))


@dataclass(frozen=True, slots=True)
class Router:
    """When a structural model is followed; the default never does: no score is below 0.

    Attributes:
        model: Its name, "" for none.
        below: The decision's score (vote margin x confidence) must be below this,
        margin: and the model's margin at least that.
    """

    model: str = ""
    below: float = 0.0
    margin: float = 1.0


def router(situation: Situation, standing: Decision, fitted: Router) -> Decision:
    """Follow the structural model where it is sure and the student is not.

    The answer is that of the student's best trace for the model's family, if there is one; else it is the
    model's own, and no trace argues for it.
    """
    opinion = situation.opinions.get(fitted.model)
    if opinion is None or opinion.label.family is standing.answer.family:
        return standing
    if score(standing) >= fitted.below or opinion.margin < fitted.margin:
        return standing
    confidence = opinion.families[opinion.label.family]
    family = opinion.label.family
    own = [
        each
        for each in situation.candidates
        if each.trace is not None and parsed(each).final_answer.family is family
    ]
    if not own:
        return Decision(_answer(opinion, confidence), standing.candidate, opinion.margin)
    best = elect_label(own, family)
    return Decision(replace(parsed(best).final_answer, confidence=confidence), best, opinion.margin)


def disagreement(situation: Situation, standing: Decision, model: str) -> Decision:
    """Abstain where the structural model's family is another one; the answer stays as the best guess."""
    opinion = situation.opinions.get(model)
    if opinion is None or opinion.label.family is standing.answer.family:
        return standing
    answer = replace(standing.answer, abstain=True, direction=Direction.NONE)
    return replace(standing, answer=answer)


def best_model(cases: Sequence[Known]) -> str:
    """The structural model with the most right families among those that judge every pair, "" for none."""
    names = (
        sorted(frozenset.intersection(*(frozenset(case.situation.opinions) for case in cases)))
        if cases
        else []
    )

    def right(name: str) -> int:
        return sum(case.situation.opinions[name].label.family is case.gold.family for case in cases)

    return max(names, key=right, default="")


def fit_router(cases: Sequence[Known], standing: Sequence[Decision]) -> Router:
    """The thresholds with the most right families for the best model; ties go to the least routing.

    Args:
        cases: Val pairs.
        standing: The decision on each before the router.
    """
    model = best_model(cases)
    grid = [Router(model), *(Router(model, below, margin) for below, margin in product(_GRID, _GRID))]

    def right(fitted: Router) -> int:
        made = (router(case.situation, before, fitted) for case, before in zip(cases, standing, strict=True))
        return sum(each.answer.family is case.gold.family for each, case in zip(made, cases, strict=True))

    return max(grid, key=lambda fitted: (right(fitted), -fitted.below, fitted.margin))


def _answer(opinion: Opinion, confidence: float) -> FinalAnswer:
    label = opinion.label
    return FinalAnswer(
        label.family, label.subtype, label.direction, label.polarity, confidence, abstain=False
    )
