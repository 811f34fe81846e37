"""One answer of one teacher: the row that the teach stage writes and every later stage reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from mard.io import read_jsonl
from mard.schema import Trace


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampled trace, or the reason why there is none.

    Attributes:
        pair_id: Canonical pair; the trace is in canonical (A, B) order.
        teacher: Name of the teacher.
        index: Place in the temperature schedule, from 0.
        temperature: Sampling temperature.
        seed: Seed of this draw, a function of the stage's seed, pair, teacher and index.
        trace: The trace, or None when the answer was not one.
        error: Why there is no trace, or None.
        prompt_tokens: As the endpoint counted them; 0 for a symbolic teacher.
        completion_tokens: Likewise.
    """

    pair_id: str
    teacher: str
    index: int
    temperature: float
    seed: int
    trace: Trace | None
    error: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The JSON row."""
        return {
            "pair_id": self.pair_id,
            "teacher": self.teacher,
            "index": self.index,
            "temperature": self.temperature,
            "seed": self.seed,
            "trace": None if self.trace is None else self.trace.to_dict(),
            "error": self.error,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Read a JSON row.

        Raises:
            SchemaViolation: The row's trace does not have the shape of a trace.
        """
        trace = None if row["trace"] is None else Trace.from_dict(row["trace"])
        return cls(**{**row, "trace": trace})


def draw_seed(seed: int, pair_id: str, teacher: str, index: int) -> int:
    """A 32-bit seed that depends on nothing but its arguments, so draws can be made in any order."""
    digest = hashlib.sha256(f"{seed}/{pair_id}/{teacher}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def read_candidates(folder: Path) -> Iterator[list[Candidate]]:
    """All candidates of one pair after the other, in the order of the shards.

    Raises:
        InputError: A line is not JSON.
        SchemaViolation: A row's trace is not a trace.
    """
    for path in sorted(folder.glob("shard-*.jsonl")):
        yield from read_shard(path)


def read_shard(path: Path) -> Iterator[list[Candidate]]:
    """The same of one shard: a pair's candidates never span two."""
    candidates = map(Candidate.from_dict, read_jsonl(path))
    for _, group in groupby(candidates, key=lambda candidate: candidate.pair_id):
        yield list(group)
