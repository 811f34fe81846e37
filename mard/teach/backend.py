"""The one interface behind which symbolic reasoners and served language models stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mard.schema import Pool
from mard.teach.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Draw:
    """One candidate to be sampled: everything that a teacher gets to see.

    Attributes:
        pool: The evidence pool. There is no label in it.
        index: Place in the temperature schedule.
        temperature: Sampling temperature.
        seed: Seed of this draw.
    """

    pool: Pool
    index: int
    temperature: float
    seed: int

    @property
    def pair_id(self) -> str:
        """The pair that is asked about."""
        return str(self.pool.pair_id)


class TeacherBackend(Protocol):
    """A teacher."""

    @property
    def name(self) -> str:
        """The teacher's name, as candidates carry it."""
        ...

    def answer(self, draws: Iterable[Draw]) -> Iterator[Candidate]:
        """One candidate a draw, as they come; a pool's draws follow one another.

        Draws are taken when there is room for them, so there may be more than memory holds. An answer
        that is not a trace is a candidate with an ``error``.

        Raises:
            TeacherUnavailable: The teacher could not be reached; nothing is wrong with the draws.
        """
        ...
