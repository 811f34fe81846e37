"""The mirror involution: what flipping a pair does to everything that depends on its order.

Flipping swaps A and B in every citation, claim and neighbour and maps a_to_b to b_to_a; family,
subtype, polarity, bidirectional and n/a stay. Applying it twice is the identity.

``mirror(x)`` dispatches on the type; there is no other definition of the flip in the project.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import singledispatch
from typing import Any, Final, TypeVar

from mard.schema import Direction, FinalAnswer, Label, Neighbour, Pool, Step, Trace

T = TypeVar("T")

_DIRECTIONS: Final = {
    Direction.A_TO_B: Direction.B_TO_A,
    Direction.B_TO_A: Direction.A_TO_B,
    Direction.BIDIRECTIONAL: Direction.BIDIRECTIONAL,
    Direction.NONE: Direction.NONE,
}
_CITATION_SIDES: Final = {"A": "B", "B": "A"}
_TEXT: Final = re.compile(r"\b(?:([Dd]rugs? )([AB])|(a_to_b|b_to_a))\b")


def mirror(value: T) -> T:
    """The image of ``value`` under a flip of its pair.

    Raises:
        TypeError: The type has no mirror image.
    """
    image: T = _mirror(value)
    return image


@singledispatch
def _mirror(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} has no mirror image")


@_mirror.register
def _(value: Direction) -> Direction:
    return _DIRECTIONS[value]


@_mirror.register
def _(value: Label) -> Label:
    return replace(value, direction=_DIRECTIONS[value.direction])


@_mirror.register
def _(value: FinalAnswer) -> FinalAnswer:
    return replace(value, direction=_DIRECTIONS[value.direction])


@_mirror.register
def _(value: Neighbour) -> Neighbour:
    return replace(value, first=value.second, second=value.first, label=_mirror(value.label))


@_mirror.register
def _(value: Pool) -> Pool:
    return replace(value, a=value.b, b=value.a, neighbours=tuple(map(_mirror, value.neighbours)))


@_mirror.register
def _(value: Step) -> Step:
    return replace(
        value,
        claim=mirror_text(value.claim),
        citations=tuple(mirror_citation(citation) for citation in value.citations),
    )


@_mirror.register
def _(value: Trace) -> Trace:
    return Trace(
        steps=tuple(map(_mirror, value.steps)),
        summary=mirror_text(value.summary),
        final_answer=_mirror(value.final_answer),
    )


def mirror_citation(citation: str) -> str:
    """``A:cyp3a4_inh`` becomes ``B:cyp3a4_inh``; ``pair:`` and ``nbr:`` citations stay."""
    side, colon, key = citation.partition(":")
    return f"{_CITATION_SIDES.get(side, side)}{colon}{key}"


def mirror_text(text: str) -> str:
    """Swap "Drug A" with "Drug B" (and the direction tags) in running text.

    Drug names stay: they name the drug itself, not its place in the pair. A bare "A" stays too,
    because it may be an article; claims say "Drug A".
    """

    def swap(match: re.Match[str]) -> str:
        if match[3]:
            return str(_DIRECTIONS[Direction(match[3])])
        return f"{match[1]}{_CITATION_SIDES[match[2]]}"

    return _TEXT.sub(swap, text)
