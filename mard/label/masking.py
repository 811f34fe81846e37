"""One sentence to templates: the two drugs' names become marks, in every way that it can be read.

Names are looked for on word boundaries, whatever their case and typography, with Greek letters as such
or spelled out. A reading takes one spelling of each drug's names and masks where they stand: of two that
overlap the earlier, of two that begin together the longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product
from typing import Final, NamedTuple

A_MARK: Final = "\x01"
B_MARK: Final = "\x02"

VERBATIM: Final = 0
_PRIMARY: Final = 1
_ALIAS: Final = 3  # more than two primary names in other letters

_MOST_CHOICES: Final = 8
_BETWEEN: Final = "\0"

_LETTERS: Final = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "omega": "ω",
}
_SPELLED: Final = {letter: word for word, letter in _LETTERS.items()}
_LETTER: Final = re.compile(f"[{''.join(_SPELLED)}]")
_LETTER_WORD: Final = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(_LETTERS)})(?![^\W\d_])")
_TYPOGRAPHY: Final = str.maketrans("’‘‐‑–µßς", "''---μβσ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a sentence.

    Attributes:
        masked: The sentence with :data:`A_MARK` and :data:`B_MARK` for the names.
        rank: How far from the letter, :data:`VERBATIM` for both primary names letter for letter. Readings
            of one rank are equally likely.
    """

    masked: str
    rank: int


class _Spelling(NamedTuple):
    """A drug's name as a sentence spells it, and how far that is from its primary name."""

    surface: str
    distance: int


class _Place(NamedTuple):
    """Where a name stands, and the drugs that it can mean there."""

    start: int
    end: int
    marks: str


def readings(sentence: str, names_a: Sequence[str], names_b: Sequence[str]) -> Iterator[Reading]:
    """Every reading of a sentence about two drugs, given their names (primary first), by rank.

    Both primary names letter for letter come first, then in other letters, then with one alias, then with
    two; longer aliases before shorter ones. Where a name could also be a word of the sentence (a drug called
    as the risk is), readings that leave some of its places alone follow those that mask all.
    """
    folded = _fold(sentence)
    found_a, found_b = (_found(sentence, folded, tuple(names)) for names in (names_a, names_b))
    pairs = sorted(product(found_a, found_b), key=_distance)
    for distance, alike in groupby(pairs, key=_distance):
        named = [_places(sentence, a.surface, b.surface) for a, b in alike]
        for places in named:
            yield from (Reading(masked, 2 * distance) for masked in _masked(sentence, places))
        for places in named:
            yield from (Reading(masked, 2 * distance + 1) for masked in _partly_masked(sentence, places))


def to_template(masked: str) -> tuple[str, bool]:
    """The template with {first} and {second} in order of appearance, and whether A is the first."""
    a, b = masked.find(A_MARK), masked.find(B_MARK)
    first_is_a = b < 0 or 0 <= a < b
    first, second = (A_MARK, B_MARK) if first_is_a else (B_MARK, A_MARK)
    return masked.replace(first, "{first}").replace(second, "{second}"), first_is_a


def _distance(pair: tuple[_Spelling, _Spelling]) -> int:
    return pair[0].distance + pair[1].distance


def _found(sentence: str, folded: str, names: tuple[str, ...]) -> list[_Spelling]:
    """The spellings of a drug's names that occur in a sentence: the nearest first, then by length."""
    distances: dict[str, int] = {}
    for form, distance in _forms(names):
        if form in folded:
            for start in _whole_words(folded, form):
                surface = sentence[start : start + len(form)]
                distances.setdefault(surface, VERBATIM if surface == names[0] else distance)
    found = [_Spelling(surface, distance) for surface, distance in distances.items()]
    return sorted(found, key=lambda name: (name.distance, -len(name.surface), name.surface))


def _places(sentence: str, a: str, b: str) -> list[_Place]:
    """Where the two spellings stand, from left to right, the longer first where both begin."""
    if a == b:
        return [_Place(start, start + len(a), A_MARK + B_MARK) for start in _whole_words(sentence, a)]
    found = [
        _Place(start, start + len(name), mark)
        for name, mark in ((a, A_MARK), (b, B_MARK))
        for start in _whole_words(sentence, name)
    ]
    return sorted(found, key=lambda place: (place.start, -place.end))


def _masked(sentence: str, places: Sequence[_Place]) -> Iterator[str]:
    """Every place masked, of two that overlap the former, and both drugs at least once."""
    apart: list[_Place] = []
    for place in places:
        if not apart or place.start >= apart[-1].end:
            apart.append(place)
    choices = [place.marks if len(apart) <= _MOST_CHOICES else place.marks[:1] for place in apart]
    yield from _replaced(sentence, apart, choices)


def _partly_masked(sentence: str, places: Sequence[_Place]) -> Iterator[str]:
    """Some places left alone; there is nothing to choose where two names stand once each."""
    if 2 < len(places) <= _MOST_CHOICES:
        full = set(_masked(sentence, places))
        choices = [("", *place.marks) for place in places]
        yield from (masked for masked in _replaced(sentence, places, choices) if masked not in full)


def _replaced(sentence: str, places: Sequence[_Place], choices: Sequence[Sequence[str]]) -> Iterator[str]:
    """The sentence under each choice of a mark (or of none) for each place, where none overlap."""
    for marks in product(*choices):
        if A_MARK not in marks or B_MARK not in marks:
            continue
        parts: list[str] = []
        position = 0
        for place, mark in zip(places, marks, strict=True):
            if mark and place.start >= position:
                parts += sentence[position : place.start], mark
                position = place.end
            elif mark:
                break
        else:
            yield "".join([*parts, sentence[position:]])


def _fold(text: str) -> str:
    """Lower case and plain typography, character for character, so that places stay the same."""
    return text.replace("İ", "I").lower().translate(_TYPOGRAPHY)


@lru_cache(maxsize=1 << 15)
def _forms(names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Ways to write a drug's names, folded, each with its distance from the primary name.

    Names with Greek letters are also written with the letters' names, and the other way round.
    """
    folded = _fold(_BETWEEN.join(names))
    spelled = _LETTER.sub(lambda match: _SPELLED[match[0]], folded)
    lettered = _LETTER_WORD.sub(lambda match: _LETTERS[match[0]], folded)
    forms: dict[str, int] = {}
    for version in dict.fromkeys((folded, spelled, lettered)):
        for number, form in enumerate(version.split(_BETWEEN)):
            forms.setdefault(form, _ALIAS if number else _PRIMARY)
    forms.pop("", None)
    return tuple(forms.items())


def _whole_words(text: str, name: str) -> Iterator[int]:
    """Where ``name`` begins in ``text`` with no letter, digit or underscore beside it."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not (start and _in_word(text[start - 1])) and not (end < len(text) and _in_word(text[end])):
            yield start
        start = text.find(name, start + 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
