"""Trace-rescue: where the steps argue for one family and a hesitant answer names another, the steps win."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from mard.infer.candidates import Candidate
from mard.infer.situation import Known
from mard.infer.vote import Decision, margin, parsed, voters
from mard.judge import lexicon
from mard.label.taxonomy import load_taxonomy
from mard.schema import MIN_STEPS, Family, FinalAnswer, Pool, Trace

_GRID: Final = tuple(step / 10 for step in range(5, 11))


@dataclass(frozen=True, slots=True)
class Rescue:
    """When a trace overrules its answer: majority above ``strength``, stated confidence below ``confidence``.

    The default never does: no majority is stronger than 1.
    """

    strength: float = 1.0
    confidence: float = 0.0


def majority(trace: Trace) -> tuple[Family, float] | None:
    """The family that most steps argue for, and its share of their votes; ties go to the answer's own."""
    votes = Counter(family for step in trace.steps for family in lexicon.argued(step).families)
    if not votes:
        return None
    own = trace.final_answer.family
    family = min(votes, key=lambda each: (-votes[each], each is not own, each))
    return family, votes[family] / votes.total()


def rescue(candidates: Sequence[Candidate], pool: Pool, standing: Decision, thresholds: Rescue) -> Decision:
    """Replace the standing family by the trace's majority where ``thresholds`` say so."""
    found = majority(standing.trace)
    if found is None or len(standing.trace.steps) < MIN_STEPS:
        return standing
    family, strength = found
    hesitant = standing.answer.confidence < thresholds.confidence
    if family is standing.answer.family or strength <= thresholds.strength or not hesitant:
        return standing
    answer = _answer(family, candidates, pool, standing.answer)
    return Decision(answer, standing.candidate, margin(candidates, family))


def _answer(family: Family, candidates: Sequence[Candidate], pool: Pool, before: FinalAnswer) -> FinalAnswer:
    """The label for a new family: of the best sample with it, of the nearest such neighbour, else a guess."""
    labels = [
        *(
            parsed(each).final_answer.label
            for each in sorted(voters(candidates), key=lambda each: -each.phi)
            if not parsed(each).final_answer.abstain
        ),
        *(neighbour.label for neighbour in pool.neighbours),
    ]
    label = next((each for each in labels if each.family is family), None)
    if label is None:
        return replace(before, family=family, subtype=load_taxonomy().subtypes(family)[0])
    return replace(
        before,
        family=family,
        subtype=label.subtype,
        direction=label.direction,
        polarity=label.polarity,
        abstain=False,
    )


def fit_rescue(cases: Sequence[Known], standing: Sequence[Decision]) -> Rescue:
    """The thresholds with the most right families; ties go to the ones that overrule least.

    Args:
        cases: Val pairs.
        standing: The decision on each before trace-rescue.
    """
    grid = [Rescue(), *(Rescue(strength, confidence) for strength, confidence in product(_GRID, _GRID))]

    def right(thresholds: Rescue) -> int:
        made = (
            rescue(case.situation.candidates, case.situation.pool, before, thresholds)
            for case, before in zip(cases, standing, strict=True)
        )
        return sum(each.answer.family is case.gold.family for each, case in zip(made, cases, strict=True))

    return max(grid, key=lambda each: (right(each), each.strength, -each.confidence))
