"""The one interface behind which symbolic reasoners and served language models stand."""

from __future__ import annotations

from collections.abc import Sequence
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


class TeacherBackend(Protocol):
    """A teacher."""

    @property
    def name(self) -> str:
        """The teacher's name, as candidates carry it."""
        ...

    def propose(self, draws: Sequence[Draw]) -> list[Candidate]:
        """One candidate a draw, in the order of the draws; a pool's draws come one after another.

        An answer that is not a trace is a candidate with an ``error``.

        Raises:
            TeacherUnavailable: The teacher could not be reached; nothing is wrong with the draws.
        """
        ...
