"""Ungrounded citations for the reward model to see.

Teachers that cite only what is in the pool leave check L1 without a negative. Here one citation of a
good step is spoilt by rule, and the labels are worked out again by the rule that gave the old ones
(:func:`mard.judge.step_labels.step_labels`), so nothing is asserted that a check does not find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType
from typing import Final

from mard.io import sha256_text
from mard.judge.case import Case
from mard.judge.step_labels import step_labels
from mard.mirror import mirror_citation
from mard.prm.dataset import StepRow
from mard.schema import Label, Pool, Trace

PoolOf = Callable[[str], Pool]
Spoil = Callable[[str, Sequence[str], Random], str]


def other_letter(citation: str, _foreign: Sequence[str], random: Random) -> str:
    """``A:P08684`` becomes ``A:P08674``: one digit or letter of the key is another."""
    start = citation.index(":") + 1
    places = [place for place in range(start, len(citation)) if citation[place].isalnum()]
    place = random.choice(places)
    old = citation[place]
    kin = "0123456789" if old.isdigit() else "abcdefghijklmnopqrstuvwxyz"
    new = random.choice([letter for letter in kin if letter != old.lower()])
    return citation[:place] + (new.upper() if old.isupper() else new) + citation[place + 1 :]


def other_side(citation: str, _foreign: Sequence[str], _random: Random) -> str:
    """``A:cyp3a4_inh`` becomes ``B:cyp3a4_inh``; what belongs to the pair has no other side."""
    return mirror_citation(citation)


def other_pool(_citation: str, foreign: Sequence[str], random: Random) -> str:
    """An id that another pair's trace cites."""
    return random.choice(foreign)


RULES: Final[Mapping[str, Spoil]] = MappingProxyType(
    {"letter": other_letter, "side": other_side, "pool": other_pool}
)


@dataclass(frozen=True, slots=True)
class Corrupted:
    """A row with one spoilt citation.

    Attributes:
        row: The row, labelled anew.
        step: Place of the spoilt step, from 0.
        rule: Which rule spoilt it.
    """

    row: StepRow
    step: int
    rule: str


@dataclass(frozen=True)
class Corruptor:
    """Spoils rows; the same row always in the same way, whichever others there are.

    Attributes:
        pool_of: The pool of a pair id in canonical order.
        gold: Gold labels by pair id.
        foreign: Citation ids of other pools, sorted.
        seed: Of every choice.
    """

    pool_of: PoolOf
    gold: Mapping[str, Label]
    foreign: Sequence[str]
    seed: int

    def replace_share(self, rows: Iterable[StepRow], share: float) -> Iterator[StepRow]:
        """The rows, about ``share`` of them spoilt, drawn by hash; as many as before."""
        for row in rows:
            random = Random(sha256_text(f"{self.seed} corrupt {row.key}"))
            spoilt = self.corrupt(row) if random.random() < share else None
            yield row if spoilt is None else spoilt.row

    def corrupt(self, row: StepRow) -> Corrupted | None:
        """The row with a citation of one of its good steps spoilt, or None where no rule finds one."""
        random = Random(sha256_text(f"{self.seed} spoil {row.key}"))
        case = Case.of(self.pool_of(row.pair_id))
        good = [
            (place, number)
            for place, step in enumerate(row.trace.steps)
            if row.labels[place]
            for number in range(len(step.citations))
        ]
        if not good:
            return None
        place, number = random.choice(good)
        for rule in random.sample(sorted(RULES), len(RULES)):
            spoilt = RULES[rule](row.trace.steps[place].citations[number], self.foreign, random)
            if spoilt not in case.citations:
                trace = _citing(row.trace, place, number, spoilt)
                labels = step_labels(trace, case, self.gold[row.pair_id])
                return Corrupted(replace(row, trace=trace, labels=labels), place, rule)
        return None


def cited(rows: Iterable[StepRow]) -> list[str]:
    """Every citation id of some rows, sorted."""
    return sorted({citation for row in rows for step in row.trace.steps for citation in step.citations})


def _citing(trace: Trace, place: int, number: int, citation: str) -> Trace:
    step = trace.steps[place]
    citations = (*step.citations[:number], citation, *step.citations[number + 1 :])
    changed = replace(step, citations=citations)
    return replace(trace, steps=(*trace.steps[:place], changed, *trace.steps[place + 1 :]))
