"""Which drug lists which sentence, with the irregularities that real releases have.

In a real release both drugs of a pair list the same sentence, except that some pairs carry two
different ones or are listed on one side only, some sentences use a synonym, and some contain a line
break. A few pairs are drawn for each, so that every rule of the labeller has work to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mard.ingest.sample.draw import draw
from mard.ingest.sample.facts import SampleDrug, load_drugs
from mard.ingest.sample.rule import Statement
from mard.ingest.sample.rules import statements
from mard.schema import PairId

_DISPUTED: Final = 20
_ONE_SIDED: Final = 300
_SYNONYM: Final = 60
_LATER: Final = 60
_REVISED: Final = 25
_LINE_BREAKS: Final = 2
_WORDS_BEFORE_BREAK: Final = 4


@dataclass(frozen=True, slots=True)
class Edition:
    """One of the two releases that the sample can write.

    Attributes:
        absent: Names of drugs that this edition does not have.
        revised: Whether late pairs are in and some sentences have been replaced.
    """

    version: str
    exported_on: str
    absent: frozenset[str]
    revised: bool

    def drugs(self) -> tuple[SampleDrug, ...]:
        """The drugs of this edition, sorted by id."""
        return tuple(drug for drug in load_drugs() if drug.name not in self.absent)


FIRST: Final = Edition(
    "sample-1", "2026-01-05", frozenset({"Ivabradine", "Repaglinide", "Ruxolitinib"}), revised=False
)
ALTERED: Final = Edition(
    "sample-2", "2026-07-06", frozenset({"Cisapride", "Practolol", "Terfenadine"}), revised=True
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One ``<drug-interaction>`` element."""

    listed_by: str
    other: str
    other_name: str
    description: str


def listings(edition: Edition) -> list[Listing]:
    """Every listing of an edition, sorted by the listing drug, then the other drug."""
    drugs = edition.drugs()
    names = {drug.drug_id: drug.name for drug in drugs}
    synonyms = _clear_synonyms(drugs)
    told = {
        pair: _told(pair, spoken, synonyms)
        for pair, spoken in _current(statements(drugs), revised=edition.revised).items()
    }
    broken = sorted(told, key=lambda pair: draw("line break", str(pair)))[:_LINE_BREAKS]
    told |= {pair: [_broken(text) for text in told[pair]] for pair in broken}
    return sorted(
        (
            Listing(listed_by, other, names[other], text)
            for pair, texts in told.items()
            for listed_by, other, text in _sides(pair, texts)
        ),
        key=lambda listing: (listing.listed_by, listing.other),
    )


def _current(spoken: Mapping[PairId, list[Statement]], *, revised: bool) -> dict[PairId, list[Statement]]:
    """Leave out the pairs that only a revision has, or bring them in and change some sentences."""
    if not revised:
        return {pair: found for pair, found in spoken.items() if not _drawn("later", pair, _LATER)}
    return {
        pair: found[1:] if len(found) > 1 and _drawn("revised", pair, _REVISED) else found
        for pair, found in spoken.items()
    }


def _told(pair: PairId, spoken: Sequence[Statement], synonyms: Mapping[str, str]) -> list[str]:
    """What drug A says, and what drug B says where that is something else."""
    kept = spoken[: 2 if _drawn("disputed", pair, _DISPUTED) else 1]
    return [statement.text(synonyms if _drawn("synonym", pair, _SYNONYM) else {}) for statement in kept]


def _sides(pair: PairId, texts: Sequence[str]) -> list[tuple[str, str, str]]:
    sides = [(pair.a, pair.b, texts[0]), (pair.b, pair.a, texts[-1])]
    if len(texts) == 1 and _drawn("one-sided", pair, _ONE_SIDED):
        return [sides[draw("side", str(pair)) % 2]]
    return sides


def _clear_synonyms(drugs: Sequence[SampleDrug]) -> dict[str, str]:
    """For each drug its first synonym that no other drug has and that hides in no other's name."""
    owners = Counter(alias.lower() for drug in drugs for alias in {drug.name, *drug.synonyms})
    names = [drug.name.lower() for drug in drugs]
    clear: dict[str, str] = {}
    for drug in drugs:
        for synonym in drug.synonyms:
            if owners[synonym.lower()] == 1 and not any(synonym.lower() in name for name in names):
                clear.setdefault(drug.drug_id, synonym)
    return clear


def _broken(text: str) -> str:
    words = text.split(" ")
    return " ".join(words[:_WORDS_BEFORE_BREAK]) + "\n" + " ".join(words[_WORDS_BEFORE_BREAK:])


def _drawn(purpose: str, pair: PairId, one_in: int) -> bool:
    return draw(purpose, str(pair)) % one_in == 0
