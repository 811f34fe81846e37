"""The language of legal traces: what :meth:`mard.lm.form.Form.completion` writes and the judges accept.

Nothing else can be generated: steps numbered from 1 with the conclusion last and only there, every
citation an id of the pool, at least one in a step that presents evidence, the subtype in its family,
direction n/a exactly when abstaining.

Words are not counted here. The decoder checks the limits of a finished text and lets what exceeds them
end by :func:`ending`, whose texts are fixed: only the answer is still the student's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from mard.infer.automaton import QUOTE, Node, choice, literal, words
from mard.judge.case import EVIDENCE_ROLES
from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MIN_STEPS, Direction, Family, Polarity, StepRole

AnswerComes = Literal["last", "first"]

MAX_CITATIONS: Final = 6

_STEPS: Final = '"steps":['
_ANSWER: Final = '"final_answer":{"family":"'
_CUT_SHORT: Final = "The argument was cut short."
_CONCLUSION: Final = "The answer follows from these steps."
_SUMMARY: Final = "Drug A and Drug B interact as the answer says."

_COMPLETE_STEP: Final = re.compile(
    r'\{"step":(\d),"role":"(\w+)","claim":"([^"]*)","citations":\[[^\]]*\]\}(?=[,\]])'
)
_WRITTEN_SUMMARY: Final = re.compile(r'\],"summary":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a trace may say, in words of its claims and of its summary."""

    claim_words: int
    summary_words: int


@dataclass(frozen=True, slots=True)
class Written:
    """The part of a trace that can stand: its first steps that are complete and within limits.

    Attributes:
        text: What is kept.
        steps: Steps in it.
        concluded: Whether the last of them is the conclusion.
    """

    text: str = ""
    steps: int = 0
    concluded: bool = False

    @classmethod
    def of(cls, text: str, limits: Limits) -> Written:
        """Cut a trace after the last step that can stand."""
        kept = cls()
        for step in _COMPLETE_STEP.finditer(text):
            if len(step[3].split()) > limits.claim_words:
                break
            kept = cls(text[: step.end()], int(step[1]), step[2] == StepRole.CONCLUSION)
        return kept


def within(text: str, limits: Limits) -> bool:
    """Whether a finished trace keeps to the limits."""
    summary = _WRITTEN_SUMMARY.search(text)
    claims = (step[3] for step in _COMPLETE_STEP.finditer(text))
    return (
        summary is not None
        and len(summary[1].split()) <= limits.summary_words
        and all(len(claim.split()) <= limits.claim_words for claim in claims)
    )


@lru_cache(maxsize=2)
def whole(taxonomy: Taxonomy, answer: AnswerComes = "last") -> Node:
    """Where a trace begins."""
    if answer == "last":
        return literal(f"{{{_STEPS}", _steps(_closing_answer(taxonomy)))
    steps = literal(f",{_STEPS}", _steps(literal("}", Node())))
    return literal(f"{{{_ANSWER}", _answer(taxonomy, steps))


def ending(taxonomy: Taxonomy, written: Written, answer: AnswerComes = "last") -> tuple[str, Node]:
    """How a trace that is cut ends: the text that follows what is kept, and where the student goes on.

    Steps are added up to the fewest that a trace may have, the last of them a conclusion. The summary's
    closing quote is left to the student, whose tokens may join it with what follows. Where the answer
    comes first and no step is kept, it is said again.
    """
    steps = ",".join(_closing_steps(written))
    told = f'{"," if steps and written.steps else ""}{steps}],"summary":"{_SUMMARY}'
    if answer == "last":
        opening = "" if written.steps else f"{{{_STEPS}"
        return opening + told, literal(QUOTE, _closing_answer(taxonomy))
    if written.steps:
        return told, literal(f"{QUOTE}}}", Node())
    return "", literal(f"{{{_ANSWER}", _answer(taxonomy, literal(f",{_STEPS}{told}{QUOTE}}}", Node())))


def _steps(after: Node) -> Node:
    """All steps and the summary; ``after`` is what follows the summary's closing quote."""
    summary = literal('],"summary":"', words(after))
    step = _step(MAX_STEPS, summary, None)
    for number in range(MAX_STEPS - 1, 0, -1):
        step = _step(number, summary if number >= MIN_STEPS else None, literal(",", step))
    return step


def _closing_steps(written: Written) -> Iterator[str]:
    if written.concluded:
        return
    last = max(MIN_STEPS, written.steps + 1)
    for number in range(written.steps + 1, last + 1):
        role, claim = (
            (StepRole.CONCLUSION, _CONCLUSION) if number == last else (StepRole.EVIDENCE_GAP, _CUT_SHORT)
        )
        yield f'{{"step":{number},"role":"{role}","claim":"{claim}","citations":[]}}'


def _step(number: int, concluded: Node | None, more: Node | None) -> Node:
    """A step with what follows a conclusion, None where it may not be one, and what follows others."""
    options = []
    for role in StepRole:
        after = concluded if role is StepRole.CONCLUSION else more
        if after is not None:
            claim = words(literal(',"citations":[', _citations(role in EVIDENCE_ROLES, literal("}", after))))
            options.append((f'{role}","claim":"', claim))
    return literal(f'{{"step":{number},"role":"', choice(options))


def _citations(required: bool, after: Node) -> Node:
    """The rest of a list of citations whose bracket is open."""
    following = literal("]", after)
    for _ in range(MAX_CITATIONS - 1):
        following = choice([("]", after), (f",{QUOTE}", Node(cited=following))])
    first = (QUOTE, Node(cited=following))
    return choice([first] if required else [("]", after), first])


@lru_cache(maxsize=1)
def _closing_answer(taxonomy: Taxonomy) -> Node:
    """Everything after the summary's closing quote, where the answer comes last."""
    return literal(f",{_ANSWER}", _answer(taxonomy, literal("}", Node())))


def _answer(taxonomy: Taxonomy, after: Node) -> Node:
    """The final answer from its family on."""
    claimed, abstained = (_strength(literal(f"{value}}}", after)) for value in ("false", "true"))
    directions = ((d, abstained if d is Direction.NONE else claimed) for d in Direction)
    verdict = literal(',"direction":"', choice(directions))
    kinds = (
        (f'{family}","subtype":"{subtype}"', verdict)
        for family in Family
        for subtype in taxonomy.subtypes(family)
    )
    return choice(kinds)


def _strength(abstain: Node) -> Node:
    """From the direction's closing quote to the value of ``abstain``."""
    numbers = [*(f"0.{n}" for n in range(10)), *(f"0.{n:02}" for n in range(100)), "1.0"]
    confidence = choice((f'{number},"abstain":', abstain) for number in numbers)
    polarity = choice((f'{polarity}","confidence":', confidence) for polarity in Polarity)
    return literal('","polarity":"', polarity)
