"""The symbolic teachers: one reasoner with three sets of priorities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Final

from mard.schema import Pool
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate
from mard.teach.symbolic.analogy import analogy_arguments
from mard.teach.symbolic.argument import Argument, Kind
from mard.teach.symbolic.hypotheses import Hypothesis, confidence, draw, is_thin, weigh
from mard.teach.symbolic.pharmacokinetics import pk_arguments
from mard.teach.symbolic.pharmacology import pharmacology_arguments
from mard.teach.symbolic.writing import write_trace

PRIORITIES: Final[Mapping[str, Mapping[Kind, float]]] = {
    "pk_first": {Kind.PHARMACOKINETICS: 1.0, Kind.PHARMACOLOGY: 0.6, Kind.ANALOGY: 1.0},
    "pharmacology_first": {Kind.PHARMACOKINETICS: 0.5, Kind.PHARMACOLOGY: 1.2, Kind.ANALOGY: 1.0},
    "analogy_first": {Kind.PHARMACOKINETICS: 0.4, Kind.PHARMACOLOGY: 0.4, Kind.ANALOGY: 1.6},
}


@dataclass(frozen=True)
class SymbolicTeacher:
    """A reasoner over the pool; it implements :class:`mard.teach.backend.TeacherBackend`.

    Attributes:
        name: The teacher's name, a key of :data:`PRIORITIES`.
        top_p: Nucleus mass of its draws.
    """

    name: str
    top_p: float

    def answer(self, draws: Iterable[Draw]) -> Iterator[Candidate]:
        """One candidate a draw, in order; reasons once for consecutive draws about one pair."""
        for pair_id, group in groupby(draws, key=lambda one: one.pair_id):
            hypotheses: tuple[Hypothesis, ...] = ()
            for one in group:
                hypotheses = hypotheses or self.hypotheses(one.pool)
                yield self._candidate(one, pair_id, hypotheses)

    def hypotheses(self, pool: Pool) -> tuple[Hypothesis, ...]:
        """What the teacher believes, best first. The mirrored pool gives the mirrored hypotheses."""
        return weigh(arguments(pool), PRIORITIES[self.name], thin=is_thin(pool))

    def _candidate(self, one: Draw, pair_id: str, hypotheses: tuple[Hypothesis, ...]) -> Candidate:
        random = Random(one.seed)
        chosen = draw(hypotheses, one.temperature, self.top_p, random)
        best_guess = next(h.label for h in hypotheses if h.label is not None)
        trace = write_trace(one.pool, chosen, best_guess, confidence(hypotheses, chosen), random)
        return Candidate(pair_id, self.name, one.index, one.temperature, one.seed, trace)


def arguments(pool: Pool) -> Iterator[Argument]:
    """Everything that speaks for some label."""
    yield from pk_arguments(pool)
    yield from pharmacology_arguments(pool)
    yield from analogy_arguments(pool)
