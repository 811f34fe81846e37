"""High-precision rules that a right answer seldom breaks, and the reranking by how few are broken.

Each rule reads the trace and its evidence alone, never the gold label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mard.infer.candidates import Candidate
from mard.infer.vote import Decision, endorsed, parsed, voters
from mard.judge import lexicon
from mard.judge.case import Case
from mard.mirror import mirror
from mard.schema import Direction, Family, Label, PkRole, Polarity, Trace

FEW: Final = 5
"""Candidates that break a rule below which nothing can be said of it."""

_PHARMACOKINETIC: Final = (Family.PK_METABOLISM, Family.PK_DISTRIBUTION, Family.PK_EXCRETION)
_SIDES: Final = {Direction.A_TO_B: ("A", "B"), Direction.B_TO_A: ("B", "A")}
_INHIBITION: Final = {
    Family.PK_METABOLISM: Polarity.DOWN,
    Family.PK_EXCRETION: Polarity.DOWN,
    Family.PK_DISTRIBUTION: Polarity.UP,
}


def ungrounded(trace: Trace, case: Case) -> bool:
    """A step cites what is not in the pool, or presents evidence and cites nothing."""
    return any(case.step(step).ungrounded for step in trace.steps)


def flag_off(trace: Trace, case: Case) -> bool:
    """A step relies on a PK flag that is not on for that drug."""
    return any(case.step(step).flags_off for step in trace.steps)


def other_family(trace: Trace, _: Case) -> bool:
    """A step argues for other families than the answer."""
    families = [lexicon.argued(step).families for step in trace.steps]
    return any(argued and trace.final_answer.family not in argued for argued in families)


def family_unsupported(trace: Trace, _: Case) -> bool:
    """No step argues for the answer's family."""
    return not any(trace.final_answer.family in lexicon.argued(step).families for step in trace.steps)


def other_direction(trace: Trace, _: Case) -> bool:
    """A step argues for another direction than the answer."""
    directions = [lexicon.argued(step).directions for step in trace.steps]
    return any(argued and trace.final_answer.direction not in argued for argued in directions)


def other_polarity(trace: Trace, _: Case) -> bool:
    """A step moves the answer's quantity the other way."""
    answer = trace.final_answer
    moves = [lexicon.argued(step).polarities(answer.family) for step in trace.steps]
    return any(argued and answer.polarity not in argued for argued in moves)


def against_pk_roles(trace: Trace, case: Case) -> bool:
    """A pharmacokinetic answer whose only perpetrator, by the PK flags, is the drug it calls affected."""
    answer = trace.final_answer
    if answer.family not in _PHARMACOKINETIC or answer.direction not in _SIDES:
        return False
    backwards = mirror(answer.direction)
    return not _perpetrations(case, answer.direction) and bool(_perpetrations(case, backwards))


def against_pk_effect(trace: Trace, case: Case) -> bool:
    """Inhibition alone is said to raise metabolism or lower a concentration, or induction the reverse."""
    answer = trace.final_answer
    if answer.family not in _INHIBITION or answer.direction not in _SIDES:
        return False
    roles = _perpetrations(case, answer.direction)
    inhibits = answer.polarity is _INHIBITION[answer.family]
    return roles == {PkRole.INDUCER if inhibits else PkRole.INHIBITOR}


def _perpetrations(case: Case, direction: Direction) -> set[PkRole]:
    """What the acting drug does to proteins that handle the affected one."""
    acting, affected = _SIDES[direction]
    handlers = {
        flag[2:].removesuffix("_sub")
        for flag in case.flags
        if flag.startswith(f"{affected}:") and flag.endswith("_sub")
    }
    return {
        role
        for role in (PkRole.INHIBITOR, PkRole.INDUCER)
        if any(f"{acting}:{protein}_{role}" in case.flags for protein in handlers)
    }


Rule = Callable[[Trace, Case], bool]

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            ungrounded,
            flag_off,
            other_family,
            family_unsupported,
            other_direction,
            other_polarity,
            against_pk_roles,
            against_pk_effect,
        )
    }
)


def broken(trace: Trace, case: Case) -> tuple[str, ...]:
    """Names of the rules that a trace breaks."""
    return tuple(name for name, rule in RULES.items() if rule(trace, case))


@dataclass(frozen=True, slots=True)
class Flag:
    """What a rule is worth, measured on candidates whose gold label is known.

    Attributes:
        rule: Its name.
        fired: Candidates that break it.
        precision: Share of them whose label is wrong; None where there is none.
        otherwise: Share of the others whose label is wrong.
    """

    rule: str
    fired: int
    precision: float | None
    otherwise: float | None


def flag_table(judged: Sequence[tuple[Trace, Case, Label]]) -> list[Flag]:
    """Each rule's precision over (trace, its evidence, gold label)."""
    wrong = [trace.final_answer.label != gold for trace, _, gold in judged]
    names = [set(broken(trace, case)) for trace, case, _ in judged]
    return [_flag(rule, [rule in own for own in names], wrong) for rule in RULES]


def _flag(rule: str, fired: Sequence[bool], wrong: Sequence[bool]) -> Flag:
    rates: dict[bool, float | None] = {}
    for state in (True, False):
        own = [bad for bad, flag in zip(wrong, fired, strict=True) if flag is state]
        rates[state] = round(sum(own) / len(own), 6) if own else None
    return Flag(rule, sum(fired), rates[True], rates[False])


def worth_having(flags: Sequence[Flag]) -> tuple[str, ...]:
    """The rules but those that were seen not to tell wrong answers from right ones."""
    return tuple(
        flag.rule for flag in flags if flag.fired < FEW or (flag.precision or 0.0) > (flag.otherwise or 0.0)
    )


def verify(
    candidates: Sequence[Candidate],
    case: Case,
    standing: Decision | None = None,
    rules: Sequence[str] = tuple(RULES),
) -> Decision:
    """The sample that breaks the fewest of the rules.

    Ties go to the standing decision's label where it is among them, then to the higher Phi.
    """
    counts = {id(each): sum(RULES[name](parsed(each), case) for name in rules) for each in voters(candidates)}
    fewest = [each for each in voters(candidates) if counts[id(each)] == min(counts.values())]
    if standing is not None:
        same = [each for each in fewest if parsed(each).final_answer.label == standing.answer.label]
        if same:
            return Decision(standing.answer, max(same, key=_phi), standing.margin)
    return endorsed(max(fewest, key=_phi), candidates)


def _phi(candidate: Candidate) -> float:
    return candidate.phi
