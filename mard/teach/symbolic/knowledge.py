"""General pharmacology as three small tables: marks of a property, its name, and what follows from two."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Self

from mard.schema import DrugEvidence, Family, Polarity

_ATC_PREFIXES: Final = (3, 4, 5, 7)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows when an acting drug meets an affected one.

    Attributes:
        acting: Property of the drug that acts.
        affected: Property of the drug that is affected.
        family: Mechanism family.
        subtype: Subtype within it.
        polarity: Which way its quantity moves.
        strength: How strongly it is believed, in logits.
    """

    acting: str
    affected: str
    family: Family
    subtype: str
    polarity: Polarity
    strength: float


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The three tables.

    Attributes:
        nouns: Property to what a drug that has it is called, with the article.
        marks: Kind of evidence ("atc", "protein", "moa") to key to the properties that it marks.
        consequences: Properties of the acting and the affected drug to what follows.
    """

    nouns: Mapping[str, str]
    marks: Mapping[str, Mapping[str, tuple[str, ...]]]
    consequences: Mapping[tuple[str, str], tuple[Consequence, ...]]

    @classmethod
    def load(cls) -> Self:
        """Read the packaged tables."""
        marks: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for row in _rows("marks.tsv"):
            keys = marks[row["evidence"]]
            keys[row["key"]] = (*keys.get(row["key"], ()), row["property"])
        consequences: dict[tuple[str, str], list[Consequence]] = defaultdict(list)
        for row in _rows("consequences.tsv"):
            consequences[row["acting"], row["affected"]].append(_consequence(row))
        return cls(
            nouns={row["property"]: row["noun"] for row in _rows("properties.tsv")},
            marks=dict(marks),
            consequences={pair: tuple(found) for pair, found in consequences.items()},
        )

    def properties(self, drug: DrugEvidence) -> dict[str, str]:
        """Each property of a drug and the citation (without its side) that marks it best.

        An ATC code marks better than a target, and a target better than words of the mechanism.
        """
        found: dict[str, str] = {}
        for key, citation, kind in _evidence(drug):
            for name in self.marks[kind].get(key, ()):
                found.setdefault(name, citation)
        words = drug.moa.lower()
        if words:
            for key, names in self.marks["moa"].items():
                if key in words:
                    for name in names:
                        found.setdefault(name, "moa")
        return found


@cache
def load_knowledge() -> Knowledge:
    """The packaged tables, read once."""
    return Knowledge.load()


def _evidence(drug: DrugEvidence) -> Iterator[tuple[str, str, str]]:
    for code in drug.atc:
        yield from ((code[:length], f"ATC:{code}", "atc") for length in _ATC_PREFIXES)
    yield from ((target, target, "protein") for target in drug.targets)


def _consequence(row: Mapping[str, str]) -> Consequence:
    return Consequence(
        row["acting"],
        row["affected"],
        Family(row["family"]),
        row["subtype"],
        Polarity(row["polarity"]),
        float(row["strength"]),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("mard.teach.symbolic").joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    yield from csv.DictReader(lines, delimiter="\t")
