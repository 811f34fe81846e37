"""Shards of candidates in, verdicts, step rows and counts out; one shard knows nothing of another.

At the paper's scale there are 25,000 pairs with 72 candidates each. A shard is heard by any process and
gives the same, and of a pair's different traces a fixed draw becomes step rows, so that neither memory
nor disk grows with what nobody would train on.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

from mard.evidence.render import render
from mard.io import sha256_text
from mard.judge import qc
from mard.judge.case import Case
from mard.judge.gold import read_gold
from mard.judge.qc import JudgeBounds, Verdict
from mard.judge.step_labels import step_labels
from mard.judge.tally import Tally
from mard.retrieve.pools import PoolStore
from mard.schema import Label, Trace
from mard.teach.candidate import Candidate, read_shard

SET: Final = "teacher"

VerdictRow = tuple[str, str, int, str, list[str], str, str, str, str, bool]
VERDICT_COLUMNS: Final = (
    "pair_id",
    "teacher",
    "index",
    "tier",
    "failed",
    "family",
    "subtype",
    "direction",
    "polarity",
    "abstain",
)


@dataclass(frozen=True)
class Summons:
    """Where a court finds what it needs; small enough to be sent to another process.

    Attributes:
        evidence: Folder of the stage evidence, likewise ``retrieve``.
        subset: The table of the teacher subset, with its gold labels.
        bounds: The numbers in the gates.
        steps_per_pair: Most step rows of a pair.
    """

    evidence: Path
    retrieve: Path
    subset: Path
    bounds: JudgeBounds
    steps_per_pair: int


@dataclass(frozen=True)
class Session:
    """What came of one shard.

    Attributes:
        pairs: Pairs heard.
        verdicts: One row a candidate with a trace, columns :data:`VERDICT_COLUMNS`.
        steps: Lines of ``steps.jsonl``.
        different: Different traces, of which ``steps`` holds a draw.
        tally: Counts by teacher.
    """

    pairs: int
    verdicts: list[VerdictRow]
    steps: list[str]
    different: int
    tally: Tally


@dataclass(frozen=True)
class Court:
    """Pools and gold labels at hand."""

    store: PoolStore
    gold: Mapping[str, Label]
    bounds: JudgeBounds
    steps_per_pair: int

    @classmethod
    def convene(cls, summons: Summons) -> Self:
        """Read what the summons names."""
        store = PoolStore.open(summons.evidence, summons.retrieve)
        return cls(store, read_gold(summons.subset), summons.bounds, summons.steps_per_pair)

    def shard(self, file: Path) -> Session:
        """Hear one shard."""
        return self.hear(read_shard(file))

    def hear(self, pairs: Iterator[list[Candidate]]) -> Session:
        """Hear all candidates of some pairs."""
        session = Session(0, [], [], 0, Tally())
        heard = different = 0
        for candidates in pairs:
            heard += 1
            different += self._pair(candidates, session)
        return Session(heard, session.verdicts, session.steps, different, session.tally)

    def _pair(self, candidates: Sequence[Candidate], session: Session) -> int:
        """Add a pair's verdicts, step rows and counts to ``session``; return its different traces."""
        pair_id = candidates[0].pair_id
        pool, gold = self.store.pool(SET, pair_id), self.gold[pair_id]
        case = Case.of(pool)
        session.verdicts.extend(verdicts(candidates, case, gold, self.bounds, session.tally))
        different = different_traces(candidates)
        head = {"pair_id": pair_id, "part": self.store.part(SET, pair_id)}
        prompt = render(pool, detail="brief")
        for one, trace in draw(different, self.steps_per_pair):
            labels = list(step_labels(trace, case, gold))
            row = {**head, "teacher": one.teacher, "index": one.index, "prompt": prompt}
            session.steps.append(_line({**row, "trace": trace.to_dict(), "labels": labels}))
        return len(different)


def hear(summons: Summons, shard: Path) -> Session:
    """Hear one shard in a process of its own, which convenes its court once."""
    return _convened(summons).shard(shard)


@lru_cache(maxsize=1)
def _convened(summons: Summons) -> Court:
    """A court whose pools the garbage collector leaves alone: they took it a fifth of the time."""
    court = Court.convene(summons)
    gc.freeze()
    return court


def verdicts(
    candidates: Sequence[Candidate], case: Case, gold: Label, bounds: JudgeBounds, tally: Tally
) -> Iterator[VerdictRow]:
    """A row for each candidate that has a trace; all of them are counted."""
    for one in candidates:
        if one.trace is None:
            tally.add_invalid(one.teacher)
            continue
        verdict = qc.judge(one.trace, case, gold, bounds)
        tally.add(one.teacher, one.trace, gold, verdict)
        yield _verdict_row(one, one.trace, verdict)


def different_traces(candidates: Sequence[Candidate]) -> dict[Trace, Candidate]:
    """Each different trace with the first candidate that told it."""
    different: dict[Trace, Candidate] = {}
    for one in candidates:
        if one.trace is not None:
            different.setdefault(one.trace, one)
    return different


def draw(different: Mapping[Trace, Candidate], limit: int) -> list[tuple[Candidate, Trace]]:
    """At most ``limit`` traces, drawn by a hash of whose they are, in their order."""
    found = [(one, trace) for trace, one in different.items()]
    if len(found) <= limit:
        return found
    lots = sorted(range(len(found)), key=lambda place: _lot(found[place][0]))
    return [found[place] for place in sorted(lots[:limit])]


def _lot(one: Candidate) -> str:
    return sha256_text(f"step rows {one.pair_id} {one.teacher} {one.index}")


def _verdict_row(one: Candidate, trace: Trace, verdict: Verdict) -> VerdictRow:
    answer = trace.final_answer
    label = str(answer.family), answer.subtype, str(answer.direction), str(answer.polarity)
    failed = list(verdict.failed)
    return one.pair_id, one.teacher, one.index, str(verdict.tier), failed, *label, answer.abstain


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
