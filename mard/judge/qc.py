"""Quality gates G1 to G10 and the tier that a candidate trace earns (section 7 of the method).

A gate is a function from a :class:`Hearing` to the reason why it fails, or None. All gates are
invariant under the mirror: judging the flipped trace on the flipped pool gives the same verdict.

**Decision** on what the method leaves open:

- G2 also fails an evidence step that cites nothing, otherwise silence would be the safest citation.
- G3 to G5 hear every step but evidence gaps and abstentions, and the summary with its drug names
  read as "Drug A" and "Drug B". A sentence that names several families agrees with each of them.
- G4 compares an abstaining answer's family with nothing: it is a best guess.
- G6 calls a pool sparse when either drug has fewer than ``sparse_citations`` citable items.
- G7 also fails a claim that asserts a flag ("Drug A inhibits CYP3A4") which is not on.
- near_miss is a trace with the right family that passes every critical gate and fails G5, G7, G8 or
  G9: its reasoning is kept, at low weight. A wrong family is critical (G4) and rejected.
- A failing G10 alone is a wrong subtype, hence family_correct.
- Without gold, the tiers rest on the gates alone: full_correct means that all of them pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from mard.judge.case import Case, StepFinding, SummaryFinding
from mard.judge.lexicon import Reading
from mard.label.taxonomy import load_taxonomy
from mard.schema import (
    MAX_STEPS,
    MIN_STEPS,
    Direction,
    Family,
    FinalAnswer,
    Label,
    Pool,
    StepRole,
    Trace,
)


class Tier(StrEnum):
    """What a judged trace is good for, best first."""

    FULL_CORRECT = "full_correct"
    FAMILY_CORRECT = "family_correct"
    ABSTENTION = "abstention"
    NEAR_MISS = "near_miss"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class JudgeBounds:
    """The numbers in the gates.

    Attributes:
        max_summary_words: G8.
        max_hedging: G9, hedging words per word of the summary.
        max_claim_words: G7, words of one claim.
        sparse_citations: G6, a pool is sparse when either drug has fewer citable items.
    """

    max_summary_words: int
    max_hedging: float
    max_claim_words: int
    sparse_citations: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a hearing: its tier, and the failed gates with their reasons, in gate order."""

    tier: Tier
    reasons: Mapping[str, str]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the failed gates, such as ``("G5", "G8")``."""
        return tuple(self.reasons)

    @property
    def passes(self) -> bool:
        """Whether no critical gate failed, so that the trace may be learnt from."""
        return self.tier is not Tier.REJECTED


@dataclass(frozen=True, slots=True)
class Hearing:
    """A trace before the gates.

    Attributes:
        trace: The trace.
        items: Citable items of the poorer drug.
        gold: The pair's label in the pool's order, or None at inference.
        bounds: The numbers in the gates.
        steps: What each step says.
        summary: What the summary says.
        argued: What each step argues for, then what the summary does.
    """

    trace: Trace
    items: int
    gold: Label | None
    bounds: JudgeBounds
    steps: tuple[StepFinding, ...]
    summary: SummaryFinding
    argued: tuple[Reading, ...]

    @property
    def answer(self) -> FinalAnswer:
        """The trace's final answer."""
        return self.trace.final_answer


def judge(trace: Trace, pool: Pool | Case, gold: Label | None, bounds: JudgeBounds) -> Verdict:
    """Hold a trace against its pool and label. Pass a :class:`Case` where many traces share a pool."""
    case = pool if isinstance(pool, Case) else Case.of(pool)
    steps = tuple(map(case.step, trace.steps))
    told = case.summary(trace.summary)
    argued = (*(step.reading for step in steps), told.reading)
    hearing = Hearing(trace, case.items, gold, bounds, steps, told, argued)
    reasons = {}
    for name, gate in GATES.items():
        reason = gate(hearing)
        if reason is not None:
            reasons[name] = reason
    return Verdict(_tier(hearing, reasons), reasons)


def _tier(hearing: Hearing, reasons: Mapping[str, str]) -> Tier:
    if not CRITICAL.isdisjoint(reasons):
        return Tier.REJECTED
    if hearing.answer.abstain:
        return Tier.ABSTENTION
    if not _FORM.isdisjoint(reasons):
        return Tier.NEAR_MISS
    if reasons or hearing.gold not in (None, hearing.answer.label):
        return Tier.FAMILY_CORRECT
    return Tier.FULL_CORRECT


# --- the gates ------------------------------------------------------------------------------------

Gate = Callable[[Hearing], str | None]


def schema(hearing: Hearing) -> str | None:
    """G1: 3 to 8 steps numbered from 1, each with a claim, the conclusion last and only there."""
    steps = hearing.trace.steps
    if not MIN_STEPS <= len(steps) <= MAX_STEPS:
        return f"{len(steps)} steps, expected {MIN_STEPS} to {MAX_STEPS}"
    for number, step in enumerate(steps, start=1):
        if step.step != number:
            return f"step {number} is numbered {step.step}"
        if not step.claim or step.claim.isspace():
            return f"step {number} has no claim"
        if (step.role is StepRole.CONCLUSION) != (number == len(steps)):
            return f"step {number} is a {step.role}; the conclusion comes last and only there"
    return None


def evidence(hearing: Hearing) -> str | None:
    """G2: every citation is in the pool, and every evidence step has one."""
    for step, found in zip(hearing.trace.steps, hearing.steps, strict=True):
        if found.ungrounded:
            return f"step {step.step} cites {found.ungrounded}"
    return None


def direction(hearing: Hearing) -> str | None:
    """G3: no claim asserts another direction than the final one."""
    final = hearing.answer.direction
    if final is Direction.NONE:
        return None
    for place, reading in enumerate(hearing.argued, start=1):
        if reading.directions and final not in reading.directions:
            return f"{_place(hearing, place)} argues {_listed(reading.directions)}, the answer is {final}"
    return None


def family(hearing: Hearing) -> str | None:
    """G4: no claim argues for another family than the final one, and that is the gold one."""
    answer = hearing.answer
    if answer.abstain:
        return None
    if hearing.gold is not None and answer.family is not hearing.gold.family:
        return f"the answer is {answer.family}, gold is {hearing.gold.family}"
    for place, reading in enumerate(hearing.argued, start=1):
        if reading.families and answer.family not in reading.families:
            return (
                f"{_place(hearing, place)} argues {_listed(reading.families)}, the answer is {answer.family}"
            )
    return None


def polarity(hearing: Hearing) -> str | None:
    """G5: no claim moves the final family's quantity the other way."""
    answer = hearing.answer
    if answer.abstain:
        return None
    for place, reading in enumerate(hearing.argued, start=1):
        moves = reading.effects and reading.polarities(answer.family)
        if moves and answer.polarity not in moves:
            return f"{_place(hearing, place)} argues {_listed(moves)}, the answer is {answer.polarity}"
    return None


def open_abstention(hearing: Hearing) -> str | None:
    """G6: n/a and refusals only with ``abstain``, and abstention only where the pool is sparse."""
    answer, bounds = hearing.answer, hearing.bounds
    if answer.abstain != (answer.direction is Direction.NONE):
        return f"abstain is {str(answer.abstain).lower()} and the direction is {answer.direction}"
    if answer.abstain:
        if hearing.items >= bounds.sparse_citations:
            return f"abstains although each drug has {hearing.items} or more citable items"
        return None
    if hearing.summary.refuses or any(step.refuses for step in hearing.steps):
        return "declines to answer without abstaining"
    return None


def pk_flag(hearing: Hearing) -> str | None:
    """G7: flags that are cited or asserted are on for that drug, and claims are brief."""
    for step, found in zip(hearing.trace.steps, hearing.steps, strict=True):
        if found.flags_off:
            return f"step {step.step} relies on {', '.join(found.flags_off)}, which is not on"
        if found.words > hearing.bounds.max_claim_words:
            return f"step {step.step} has {found.words} words"
    return None


def summary(hearing: Hearing) -> str | None:
    """G8: a summary, not too long, that names both drugs or says "Drug A" and "Drug B"."""
    told = hearing.summary
    if told.words == 0:
        return "no summary"
    if told.words > hearing.bounds.max_summary_words:
        return f"the summary has {told.words} words"
    return f"the summary does not name {' and '.join(told.unnamed)}" if told.unnamed else None


def hedging(hearing: Hearing) -> str | None:
    """G9: few hedging words in the summary, unless abstaining."""
    density = hearing.summary.hedging
    if hearing.answer.abstain or density <= hearing.bounds.max_hedging:
        return None
    return f"{density:.2f} hedging words a word"


def subtype(hearing: Hearing) -> str | None:
    """G10: the subtype belongs to the family."""
    answer = hearing.answer
    if answer.subtype in _whitelist(answer.family):
        return None
    return f"{answer.subtype!r} is no subtype of {answer.family}"


GATES: Final[Mapping[str, Gate]] = MappingProxyType(
    {
        "G1": schema,
        "G2": evidence,
        "G3": direction,
        "G4": family,
        "G5": polarity,
        "G6": open_abstention,
        "G7": pk_flag,
        "G8": summary,
        "G9": hedging,
        "G10": subtype,
    }
)
CRITICAL: Final = frozenset({"G1", "G2", "G3", "G4", "G6"})
_FORM: Final = frozenset({"G5", "G7", "G8", "G9"})


@cache
def _whitelist(family: Family) -> frozenset[str]:
    return frozenset(load_taxonomy().subtypes(family))


def _place(hearing: Hearing, number: int) -> str:
    return f"step {number}" if number <= len(hearing.trace.steps) else "the summary"


def _listed(values: frozenset[StrEnum]) -> str:
    return " and ".join(sorted(values))
