"""What the judges look up about a pool and find in a step, worked out once and used for all its candidates.

Sampled at many temperatures, teachers repeat themselves: of a pair's steps every other one has been seen
before, whatever trace it stands in. A :class:`Case` remembers what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Self

from mard.judge import lexicon
from mard.judge.lexicon import Reading
from mard.schema import DrugEvidence, Pool, Step, StepRole

EVIDENCE_ROLES: Final = frozenset(
    {
        StepRole.PATHWAY,
        StepRole.PROTEIN,
        StepRole.PK_FLAG,
        StepRole.STRUCTURAL,
        StepRole.ATC,
        StepRole.MECHANISM_OF_ACTION,
        StepRole.NEIGHBOR_PAIR,
        StepRole.PAIR_SIMILARITY,
    }
)
"""Roles whose steps present evidence, and so must cite some."""

_MARKS: Final = ("Drug A", "Drug B")


@dataclass(frozen=True, slots=True)
class StepFinding:
    """What one step says, held against its pool.

    Attributes:
        reading: What it argues for.
        ungrounded: The citations that are not in the pool, or "nothing" where an evidence step has none;
            empty for a grounded step.
        flags_off: PK flags that it cites or asserts and that are not on, sorted.
        words: Of its claim.
        refuses: Whether its claim declines to answer.
    """

    reading: Reading
    ungrounded: str
    flags_off: tuple[str, ...]
    words: int
    refuses: bool


@dataclass(frozen=True, slots=True)
class SummaryFinding:
    """What a summary says, its drugs' names read as "Drug A" and "Drug B".

    Attributes:
        reading: What it argues for.
        unnamed: Those of "Drug A" and "Drug B" that it does not name.
        words: How many it has.
        hedging: Hedging words a word.
        refuses: Whether it declines to answer.
    """

    reading: Reading
    unnamed: tuple[str, ...]
    words: int
    hedging: float
    refuses: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A pool prepared for judging.

    Attributes:
        citations: Every citation id of the pool.
        flags: The PK flags that are on, sided: ``A:cyp3a4_inh``.
        items: Citable items of the poorer drug: a mechanism needs evidence on both.
        masked: Replaces the drugs' names in a text by "Drug A" and "Drug B".
    """

    citations: frozenset[str]
    flags: frozenset[str]
    items: int
    masked: Callable[[str], str]
    _steps: dict[tuple[StepRole, str, tuple[str, ...]], StepFinding] = field(default_factory=dict, repr=False)
    _summaries: dict[str, SummaryFinding] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, pool: Pool) -> Self:
        """Prepare a pool."""
        return cls(
            citations=pool.citations,
            flags=frozenset(f"{side}:{flag}" for side, drug in _sides(pool) for flag in drug.pk_flags),
            items=min(len(pool.a.citations), len(pool.b.citations)),
            masked=_masker(pool),
        )

    def step(self, step: Step) -> StepFinding:
        """What a step says; its number does not matter."""
        key = step.role, step.claim, step.citations
        found = self._steps.get(key)
        if found is None:
            found = self._steps[key] = self._read_step(step)
        return found

    def summary(self, text: str) -> SummaryFinding:
        """What a summary says."""
        found = self._summaries.get(text)
        if found is None:
            found = self._summaries[text] = self._read_summary(text)
        return found

    def _read_step(self, step: Step) -> StepFinding:
        reading = lexicon.argued(step)
        foreign = [citation for citation in step.citations if citation not in self.citations]
        silent = not step.citations and step.role in EVIDENCE_ROLES
        cited = {citation for citation in step.citations if _is_flag(citation)}
        return StepFinding(
            reading=reading,
            ungrounded="nothing" if silent else ", ".join(foreign),
            flags_off=tuple(sorted((cited | reading.flags) - self.flags)),
            words=len(step.claim.split()),
            refuses=lexicon.refuses(step.claim),
        )

    def _read_summary(self, text: str) -> SummaryFinding:
        masked = self.masked(text)
        return SummaryFinding(
            reading=lexicon.read(masked),
            unnamed=tuple(mark for mark in _MARKS if mark not in masked),
            words=len(text.split()),
            hedging=lexicon.hedging(text),
            refuses=lexicon.refuses(text),
        )


@cache
def _is_flag(citation: str) -> bool:
    return citation[:2] in ("A:", "B:") and citation.endswith(("_sub", "_inh", "_ind"))


def _sides(pool: Pool) -> tuple[tuple[str, DrugEvidence], tuple[str, DrugEvidence]]:
    return ("A", pool.a), ("B", pool.b)


def _masker(pool: Pool) -> Callable[[str], str]:
    marked = sorted(zip((pool.a.name, pool.b.name), _MARKS, strict=True), key=_length, reverse=True)

    def masked(text: str) -> str:
        for name, mark in marked:
            text = _whole(name).sub(mark, text)
        return text

    return masked


def _length(marked: tuple[str, str]) -> int:
    return len(marked[0])


@cache
def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
