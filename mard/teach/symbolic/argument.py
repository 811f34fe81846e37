"""Arguments: pieces of evidence that speak for a label, with the steps that would state them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mard.schema import Direction, Family, Label, Pool, StepRole


class Kind(StrEnum):
    """What an argument rests on."""

    PHARMACOKINETICS = "pharmacokinetics"
    PHARMACOLOGY = "pharmacology"
    ANALOGY = "analogy"


@dataclass(frozen=True, slots=True)
class Draft:
    """A step to be written: any of its ``phrasings`` says the same."""

    role: StepRole
    phrasings: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """Evidence for a label.

    Attributes:
        label: What it speaks for, in the pool's order.
        kind: What it rests on.
        strength: How strongly it speaks, in logits.
        drafts: The steps that state it.
    """

    label: Label
    kind: Kind
    strength: float
    drafts: tuple[Draft, ...]


Reasoner = Callable[[Pool], Iterable[Argument]]

ACTS: Final = {("A", "B"): Direction.A_TO_B, ("B", "A"): Direction.B_TO_A}


def is_pharmacokinetic(family: Family) -> bool:
    """Whether a family is about what the body does to the drug."""
    return family.startswith("PK_")
