"""What the judges look up about a pool, worked out once and used for all its candidates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from mard.schema import DrugEvidence, Pool

_SIDE_MARK: Final = {True: "Drug A", False: "Drug B"}


@dataclass(frozen=True, slots=True)
class Case:
    """A pool prepared for judging.

    Attributes:
        citations: Every citation id of the pool.
        flags: The PK flags that are on, sided: ``A:cyp3a4_inh``.
        items: Citable items of the poorer drug: a mechanism needs evidence on both.
        masked: Replaces the drugs' names in a text by "Drug A" and "Drug B".
    """

    citations: frozenset[str]
    flags: frozenset[str]
    items: int
    masked: Callable[[str], str]

    @classmethod
    def of(cls, pool: Pool) -> Self:
        """Prepare a pool."""
        return cls(
            citations=pool.citations,
            flags=frozenset(f"{side}:{flag}" for side, drug in _sides(pool) for flag in drug.pk_flags),
            items=min(len(pool.a.citations), len(pool.b.citations)),
            masked=_masker(pool),
        )


def _sides(pool: Pool) -> tuple[tuple[str, DrugEvidence], tuple[str, DrugEvidence]]:
    return ("A", pool.a), ("B", pool.b)


def _masker(pool: Pool) -> Callable[[str], str]:
    first = pool.a.name.lower()
    longest_first = sorted((pool.a.name, pool.b.name), key=len, reverse=True)
    names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)

    def masked(text: str) -> str:
        return names.sub(lambda match: _SIDE_MARK[match[0].lower() == first], text)

    return masked
