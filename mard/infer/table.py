"""Decisions of every layer as rows of the table ``infer/predictions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mard.infer.candidates import Candidate, Support, support
from mard.infer.situation import Situation
from mard.infer.stack import AGGREGATORS, Stack
from mard.infer.vote import Decision
from mard.judge.case import Case
from mard.schema import Direction, Family, FinalAnswer, Polarity

GREEDY: Final = "greedy"
SYMMETRISED: Final = "symmetrise"
FINAL: Final = "stack"
HYBRID: Final = "hybrid"
"""What the same layers decide where they also hear structural models."""

_UNPARSED: Final = FinalAnswer(Family.ADVERSE_RISK, "", Direction.NONE, Polarity.UP, 0.0, abstain=True)
_NOTHING: Final = Support(0, 0, 0, 0)


def layer_names(stack: Stack) -> list[str]:
    """Layers of the table, in order: the raw model, each aggregator, the stack's stages, its end, hybrid."""
    return list(dict.fromkeys([*AGGREGATORS, *stack.layers, FINAL, HYBRID]))


def answer_rows(situation: Situation, stack: Stack, hybrid: Stack) -> Iterator[dict[str, Any]]:
    """Rows of one pair, in canonical order: one a layer, and for what answers both orderings one each.

    These are the raw model, whose two answers may differ, and ``symmetrise``, whose cannot. Where no
    candidate is a trace, no layer has an answer.

    Args:
        situation: The pair.
        stack: Fitted on the student and its evidence alone, so that it hears nobody else.
        hybrid: Fitted with the structural models' opinions, where there are any.
    """
    for each in situation.candidates:
        if each.index is None:
            yield {"ordering": each.ordering, "layer": GREEDY, **_greedy_row(each, situation.case)}
    if all(each.trace is None for each in situation.candidates):
        unanswered = _columns(_UNPARSED, 0.0, situation.candidates[0], _NOTHING)
        rows = {name: unanswered for name in layer_names(stack) if name != GREEDY}
    else:
        rows = {
            name: _row(made, situation.case) for name, made in _decisions(situation, stack, hybrid).items()
        }
    for name, row in rows.items():
        yield {"ordering": "ab", "layer": name, **row}
    yield {"ordering": "ba", "layer": SYMMETRISED, **rows[SYMMETRISED]}


def _decisions(situation: Situation, stack: Stack, hybrid: Stack) -> dict[str, Decision]:
    staged = stack.apply(situation)
    single = {name: aggregate(situation.candidates) for name, aggregate in AGGREGATORS.items()}
    last = {FINAL: list(staged.values())[-1], HYBRID: hybrid.decide(situation)}
    made = {**single, **staged, **last}
    return {name: made[name] for name in layer_names(stack) if name != GREEDY}


def _greedy_row(candidate: Candidate, case: Case) -> dict[str, Any]:
    if candidate.trace is None:
        return _columns(_UNPARSED, 0.0, candidate, _NOTHING)
    return _row(Decision(candidate.trace.final_answer, candidate, 1.0), case)


def _row(decision: Decision, case: Case) -> dict[str, Any]:
    return _columns(decision.answer, decision.margin, decision.candidate, support(decision.trace, case))


def _columns(answer: FinalAnswer, margin: float, candidate: Candidate, cited: Support) -> dict[str, Any]:
    scores = candidate.step_scores
    return {
        "family": str(answer.family),
        "subtype": answer.subtype,
        "direction": str(answer.direction),
        "polarity": str(answer.polarity),
        "confidence": answer.confidence,
        "margin": margin,
        "abstain": answer.abstain,
        "phi": candidate.phi if scores else None,
        "step_mean": sum(scores) / len(scores) if scores else None,
        "parsed": candidate.trace is not None,
        "citations": cited.citations,
        "grounded": cited.grounded,
        "claims": cited.claims,
        "supported": cited.supported,
    }
