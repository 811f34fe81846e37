"""All that a layer of the stack may know about a pair. The gold label is not among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mard.infer.candidates import Candidate
from mard.judge.case import Case
from mard.schema import Family, Label, Pool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a structural model says of a pair.

    Attributes:
        label: Its answer, in canonical order.
        families: Probability of each family.
        margin: Of the likeliest family over the next, in [0, 1].
    """

    label: Label
    families: Mapping[Family, float]
    margin: float


@dataclass(frozen=True)
class Situation:
    """A pair before a decision.

    Attributes:
        candidates: The student's traces, in canonical order.
        pool: What could be cited, in canonical order.
        opinions: Of structural models, by name; none where none was asked.
    """

    candidates: Sequence[Candidate]
    pool: Pool
    opinions: Mapping[str, Opinion] = field(default_factory=dict)

    @cached_property
    def case(self) -> Case:
        """The pool as the judges' rules look at it."""
        return Case.of(self.pool)


@dataclass(frozen=True, slots=True)
class Known:
    """A val pair, of which the gold label is known: what layers are fitted on."""

    pair_id: str
    situation: Situation
    gold: Label
