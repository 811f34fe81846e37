"""The fixed, versioned vocabulary: 147 subtypes in 7 families (section 2 of the method).

``taxonomy.tsv`` lists them with a description and their pair counts in the reference release. A
subtype keeps its name when at least :data:`MIN_PAIRS` pairs of that release carry it; the rest, and
whatever a later release brings, is ``misc_<family>``. :func:`vocabulary` is that rule.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Final

from mard.schema import Family

MIN_PAIRS: Final = 50
CATCH_ALL_FAMILIES: Final = (Family.ADVERSE_RISK, Family.PD_ACTIVITY)

Subtype = tuple[Family, str]


def misc(family: Family) -> str:
    """The subtype for whatever the vocabulary of a family does not list."""
    return f"misc_{family.lower()}"


def vocabulary(pairs: Mapping[Subtype, int]) -> frozenset[Subtype]:
    """The vocabulary that a release with these pair counts per raw subtype would have."""
    frequent = {subtype for subtype, count in pairs.items() if count >= MIN_PAIRS}
    return frozenset(frequent | {(family, misc(family)) for family in CATCH_ALL_FAMILIES})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ``taxonomy.tsv``: a subtype, what it means, and its pairs in the reference release."""

    family: Family
    subtype: str
    pairs: int
    description: str


class Taxonomy:
    """The subtypes of each family. A subtype's name is unique across families.

    Attributes:
        version: Changes whenever a subtype is added, removed or renamed.
        entries: Ordered by family, then name, ``misc_`` last in its family.
    """

    def __init__(self, version: str, entries: tuple[Entry, ...]) -> None:
        self.version = version
        self.entries = entries
        self._by_name = {entry.subtype: entry for entry in entries}
        self._by_family = {
            family: tuple(entry.subtype for entry in group)
            for family, group in groupby(entries, key=lambda entry: entry.family)
        }
        if len(self._by_name) != len(entries) or sum(map(len, self._by_family.values())) != len(entries):
            raise ValueError("a subtype is listed twice, or a family in two places")

    @property
    def names(self) -> tuple[str, ...]:
        """Every subtype, in the order of :attr:`entries`."""
        return tuple(self._by_name)

    @property
    def subtypes_by_family(self) -> frozenset[Subtype]:
        """Every (family, subtype), as :func:`vocabulary` gives them."""
        return frozenset((entry.family, entry.subtype) for entry in self.entries)

    def subtypes(self, family: Family) -> tuple[str, ...]:
        """The subtypes of one family."""
        return self._by_family[family]

    def family_of(self, subtype: str) -> Family:
        """The family that a subtype belongs to.

        Raises:
            KeyError: The vocabulary has no such subtype.
        """
        return self._by_name[subtype].family

    def describe(self, subtype: str) -> str:
        """What moves up or down under this subtype, in a few words."""
        return self._by_name[subtype].description

    def reference_pairs(self, subtype: str) -> int:
        """Pairs with this subtype in the reference release."""
        return self._by_name[subtype].pairs

    def knows(self, family: Family, raw: str) -> bool:
        """Whether a raw subtype is in the vocabulary of its family."""
        return raw in self._by_name and self._by_name[raw].family is family

    def collapse(self, family: Family, raw: str) -> str:
        """A raw subtype under the vocabulary: itself where listed, else ``misc_<family>``."""
        return raw if self.knows(family, raw) else misc(family)


@cache
def load_taxonomy() -> Taxonomy:
    """The packaged vocabulary, read once."""
    text = files("mard.label").joinpath("taxonomy.tsv").read_text(encoding="utf-8")
    lines = text.splitlines()
    version = next(line for line in lines if line.startswith("# version ")).removeprefix("# version ")
    return Taxonomy(version, tuple(_entries(lines)))


def _entries(lines: list[str]) -> Iterator[Entry]:
    rows = (line for line in lines if not line.startswith("#"))
    for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
        yield Entry(Family(row["family"]), row["subtype"], int(row["pairs"]), row["description"])
