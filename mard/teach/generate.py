"""Candidates by the shard: what is drawn, in which order, and how shards are read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mard.io import read_jsonl
from mard.schema import Pool
from mard.teach.backend import Draw, TeacherBackend
from mard.teach.candidate import Candidate, draw_seed


@dataclass(frozen=True, slots=True)
class Shard:
    """Some of the pairs, whose candidates go into one file."""

    number: int
    pair_ids: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Such as ``shard-00012.jsonl``."""
        return f"shard-{self.number:05d}.jsonl"


def plan(pair_ids: Sequence[str], size: int) -> list[Shard]:
    """Cut the pairs, in their order, into shards of ``size``."""
    starts = range(0, len(pair_ids), size)
    return [Shard(number, tuple(pair_ids[start : start + size])) for number, start in enumerate(starts)]


def generate(
    shard: Shard,
    pool_of: Callable[[str], Pool],
    teachers: Sequence[TeacherBackend],
    temperatures: Sequence[float],
    seed: int,
) -> list[Candidate]:
    """All candidates of a shard, by pair, then teacher, then place in the temperature schedule.

    Raises:
        TeacherUnavailable: A teacher could not be reached; nothing of the shard is kept.
    """
    pools = {pair_id: pool_of(pair_id) for pair_id in shard.pair_ids}
    by_pair: dict[str, list[Candidate]] = defaultdict(list)
    for teacher in teachers:
        draws = [
            Draw(pool, index, temperature, draw_seed(seed, pair_id, teacher.name, index))
            for pair_id, pool in pools.items()
            for index, temperature in enumerate(temperatures)
        ]
        for candidate in teacher.propose(draws):
            by_pair[candidate.pair_id].append(candidate)
    return [candidate for pair_id in shard.pair_ids for candidate in by_pair[pair_id]]


def read_candidates(folder: Path) -> Iterator[list[Candidate]]:
    """All candidates of one pair after the other, in the order of the shards.

    Raises:
        InputError: A line is not JSON.
        SchemaViolation: A row's trace is not a trace.
    """
    for path in sorted(folder.glob("shard-*.jsonl")):
        candidates = map(Candidate.from_dict, read_jsonl(path))
        for _, group in groupby(candidates, key=lambda candidate: candidate.pair_id):
            yield list(group)
