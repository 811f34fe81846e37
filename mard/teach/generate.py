"""Candidates by the shard: what is drawn, in which order, and how shards are read back."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mard.errors import BudgetReached
from mard.evidence.render import render
from mard.schema import Pool
from mard.teach.backend import Draw, TeacherBackend
from mard.teach.candidate import Candidate, draw_seed
from mard.teach.expense import Expense
from mard.teach.ledger import Ledger, key_of

PoolOf = Callable[[str], Pool]


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the pairs, whose candidates go into one file."""

    number: int
    pair_ids: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Such as ``shard-00012.jsonl``."""
        return f"shard-{self.number:05d}.jsonl"


@dataclass(frozen=True)
class Plan:
    """What every teacher is asked: ``len(temperatures)`` candidates of each pair.

    Attributes:
        shards: All pairs, in order.
        temperatures: The schedule.
        seed: What the seeds of the draws are made from.
    """

    shards: tuple[Shard, ...]
    temperatures: tuple[float, ...]
    seed: int

    @property
    def candidates(self) -> int:
        """Candidates of one teacher."""
        return sum(len(shard.pair_ids) for shard in self.shards) * len(self.temperatures)

    def draws(self, shard: Shard, teacher: str, pool_of: PoolOf) -> Iterator[Draw]:
        """All draws of a shard, pair by pair."""
        for pair_id in shard.pair_ids:
            pool = pool_of(pair_id)
            for index, temperature in enumerate(self.temperatures):
                yield Draw(pool, index, temperature, draw_seed(self.seed, pair_id, teacher, index))


def cut(pair_ids: Sequence[str], size: int) -> tuple[Shard, ...]:
    """Cut the pairs, in their order, into shards of ``size``."""
    starts = range(0, len(pair_ids), size)
    return tuple(Shard(number, tuple(pair_ids[start : start + size])) for number, start in enumerate(starts))


def digests(plan: Plan, pool_of: PoolOf, settings: Mapping[str, Any]) -> dict[str, dict[Shard, str]]:
    """A digest by teacher and shard of all that its answers depend on.

    Args:
        plan: What is asked.
        pool_of: The evidence of a pair, of which every citable item counts.
        settings: What else decides a teacher's answers, by its name: model, sampling, prompt.
    """
    found: dict[str, dict[Shard, str]] = {teacher: {} for teacher in settings}
    for shard in plan.shards:
        shown = "\n".join(render(pool_of(pair_id), detail="full") for pair_id in shard.pair_ids)
        for teacher, own in settings.items():
            content = f"{teacher}\n{own!r}\n{plan.temperatures}\n{plan.seed}\n{shard.pair_ids}\n{shown}"
            found[teacher][shard] = hashlib.sha256(content.encode()).hexdigest()[:32]
    return found


def spent_already(ledger: Ledger, digest_of: Mapping[Shard, str], expense: Expense) -> None:
    """Count what the answers in a ledger have cost."""
    for digest in digest_of.values():
        expense.add(*ledger.usage(digest))


def generate(
    teacher: TeacherBackend,
    plan: Plan,
    pool_of: PoolOf,
    ledger: Ledger,
    digest_of: Mapping[Shard, str],
    expense: Expense,
    on_answer: Callable[[Candidate], None],
) -> None:
    """Ask a teacher for every candidate that its ledger lacks, and record each as it comes.

    ``expense`` holds what the answers in the ledger have cost, and grows with every answer.

    Raises:
        TeacherUnavailable: The teacher could not be reached; what has come is recorded.
        BudgetReached: The teacher's budget is spent; answers that were under way are recorded.
    """
    shard_of = {pair_id: shard for shard in plan.shards for pair_id in shard.pair_ids}
    missing: dict[Shard, int] = {}

    def draws() -> Iterator[Draw]:
        for shard in plan.shards:
            if ledger.has_finished(digest_of[shard]):
                continue
            have = {key_of(candidate) for candidate in ledger.read(digest_of[shard])}
            missing[shard] = len(shard.pair_ids) * len(plan.temperatures) - len(have)
            if not missing[shard]:
                ledger.finish(digest_of[shard])
                continue
            for draw in plan.draws(shard, teacher.name, pool_of):
                if expense.is_capped:
                    return
                if (draw.pair_id, draw.index) not in have:
                    yield draw

    try:
        for candidate in teacher.answer(draws()):
            shard = shard_of[candidate.pair_id]
            ledger.record(digest_of[shard], candidate)
            expense.add(candidate.prompt_tokens, candidate.completion_tokens)
            missing[shard] -= 1
            if not missing[shard]:
                ledger.finish(digest_of[shard])
            on_answer(candidate)
    finally:
        ledger.close()
    if not all(ledger.has_finished(digest_of[shard]) for shard in plan.shards):
        raise BudgetReached(teacher.name, expense.spent, expense.answers, plan.candidates)


def merged(shard: Shard, answers: Iterable[Sequence[Candidate]]) -> list[Candidate]:
    """A shard's candidates by pair, then teacher in the order given, then place in the schedule."""
    by_pair: dict[str, list[Candidate]] = defaultdict(list)
    for own in answers:
        for candidate in sorted(own, key=key_of):
            by_pair[candidate.pair_id].append(candidate)
    return [candidate for pair_id in shard.pair_ids for candidate in by_pair[pair_id]]
