"""Decisions of every layer as rows of the table ``infer/predictions``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from mard.infer.candidates import Candidate, Support, support
from mard.infer.stack import AGGREGATORS, Stack
from mard.infer.vote import Decision, greedy
from mard.judge.case import Case
from mard.schema import Direction, Family, FinalAnswer, Polarity, Pool

GREEDY: Final = "greedy"
FINAL: Final = "stack"

_UNPARSED: Final = FinalAnswer(Family.ADVERSE_RISK, "", Direction.NONE, Polarity.UP, 0.0, abstain=True)


def layer_names(stack: Stack) -> list[str]:
    """Layers of the table, in order: the raw model, each aggregator alone, the stack's stages, its end."""
    return list(dict.fromkeys([GREEDY, *AGGREGATORS, *stack.layers, FINAL]))


def answer_rows(candidates: Sequence[Candidate], pool: Pool, stack: Stack) -> Iterator[dict[str, Any]]:
    """Rows of one pair, in canonical order: greedy for both orderings, then one a layer."""
    case = Case.of(pool)
    for each in candidates:
        if each.index is None:
            yield {"ordering": each.ordering, "layer": GREEDY, **_greedy_row(each, candidates, case)}
    staged = stack.apply(candidates, pool)
    decisions = {name: aggregate(candidates) for name, aggregate in AGGREGATORS.items()}
    decisions |= {name: made for name, made in staged.items() if name != GREEDY}
    decisions[FINAL] = list(staged.values())[-1]
    for name, decision in decisions.items():
        yield {"ordering": "ab", "layer": name, **_row(decision, case)}


def _greedy_row(candidate: Candidate, candidates: Sequence[Candidate], case: Case) -> dict[str, Any]:
    if candidate.trace is None:
        return _columns(_UNPARSED, 0.0, candidate, Support(0, 0, 0, 0))
    return _row(greedy(candidates, candidate.ordering), case)


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
