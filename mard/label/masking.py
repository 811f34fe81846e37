"""Descriptions to templates: the two drugs' names become placeholders.

Nearly every sentence uses both primary names letter for letter: :func:`quick_mask` replaces those
without looking at boundaries, which is safe because the grammar of :mod:`mard.label.templates` spells out
what stands beside a name. What that leaves goes through :func:`interpretations`: every pairing of
names that the sentence could mean, on word boundaries, most literal first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

A_MARK: Final = "\x01"
B_MARK: Final = "\x02"

_TYPOGRAPHY: Final = str.maketrans("’‘‐‑–", "''---")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a sentence.

    Attributes:
        masked: The sentence with :data:`A_MARK` and :data:`B_MARK` for the names.
        rank: 0 when both names are primary, 1 when one is, 2 when neither is.
    """

    masked: str
    rank: int


@dataclass(frozen=True, slots=True)
class _Name:
    surface: str
    is_alias: bool


def quick_mask(description: str, name_a: str, name_b: str) -> str:
    """Both primary names, letter for letter, become marks; the longer goes first."""
    if len(name_a) >= len(name_b):
        return description.replace(name_a, A_MARK).replace(name_b, B_MARK)
    return description.replace(name_b, B_MARK).replace(name_a, A_MARK)


def interpretations(description: str, names_a: Sequence[str], names_b: Sequence[str]) -> Iterator[Reading]:
    """Every reading of a sentence about two drugs, given their names (primary first).

    Names are found whatever their case, on word boundaries. Readings with primary names come before
    those with aliases, longer names before shorter ones; each reading takes one name per drug, and
    masks the longer of the two first.
    """
    text = description.translate(_TYPOGRAPHY)
    found_a, found_b = _found(text, names_a), _found(text, names_b)
    pairs = [(a, b) for a in found_a for b in found_b if a.surface != b.surface]
    for a, b in sorted(pairs, key=lambda pair: pair[0].is_alias + pair[1].is_alias):
        marks = sorted(((a.surface, A_MARK), (b.surface, B_MARK)), key=lambda item: -len(item[0]))
        masked = text
        for surface, mark in marks:
            masked = _whole_word(surface).sub(mark, masked)
        if A_MARK in masked and B_MARK in masked:
            yield Reading(masked, a.is_alias + b.is_alias)


def to_template(masked: str) -> tuple[str, bool]:
    """The template with {first} and {second} in order of appearance, and whether A is the first."""
    a, b = masked.find(A_MARK), masked.find(B_MARK)
    first_is_a = b < 0 or 0 <= a < b
    first, second = (A_MARK, B_MARK) if first_is_a else (B_MARK, A_MARK)
    return masked.replace(first, "{first}").replace(second, "{second}"), first_is_a


def _found(text: str, names: Sequence[str]) -> list[_Name]:
    """The spellings of a drug's names that occur in ``text``: the primary's first, then by length."""
    lowered = text.lower()
    spellings: dict[str, bool] = {}
    for number, name in enumerate(names):
        wanted = name.translate(_TYPOGRAPHY)
        if wanted.lower() in lowered:
            for match in _whole_word(wanted, re.IGNORECASE).finditer(text):
                spellings.setdefault(match[0], number > 0)
    found = [_Name(surface, is_alias) for surface, is_alias in spellings.items()]
    return sorted(found, key=lambda name: (name.is_alias, -len(name.surface), name.surface))


@lru_cache(maxsize=4096)
def _whole_word(name: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", flags)
