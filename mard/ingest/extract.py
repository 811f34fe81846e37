"""One ``<drug>`` element to plain values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mard.ingest.cut import Listings

PROTEIN_ROLES: Final = ("target", "enzyme", "transporter", "carrier")

_PROPERTIES: Final = ("calculated-properties", "experimental-properties")  # the first wins
_SECTIONS: Final = (
    "drugbank-id",
    "name",
    "groups",
    "synonyms",
    "international-brands",
    "atc-codes",
    "mechanism-of-action",
    "half-life",
    "pathways",
    *_PROPERTIES,
    *(f"{role}s" for role in PROTEIN_ROLES),
)

Protein = tuple[str, str, str, str, tuple[str, ...]]
Found = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class DrugRecord:
    """What a release says about one drug; texts are single-spaced, "" where absent.

    Attributes:
        aliases: Synonyms, then international brands; unique, without the name.
        smiles: Calculated where given, else experimental, else None; likewise ``inchikey``.
        proteins: (role, UniProt accession, gene, organism, actions), one per polypeptide.
    """

    drug_id: str
    name: str
    type: str
    groups: tuple[str, ...]
    secondary_ids: tuple[str, ...]
    aliases: tuple[str, ...]
    smiles: str | None
    inchikey: str | None
    atc: tuple[str, ...]
    moa: str
    half_life: str
    proteins: tuple[Protein, ...]
    smpdb: tuple[str, ...]


class DrugReader:
    """Reads drugs whose tags all begin with ``prefix`` (a namespace in braces, or nothing).

    A drug has some hundred children: one pass finds those that matter, and each is read by its children.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._sections = [prefix + tag for tag in _SECTIONS]
        self._partner = [prefix + tag for tag in ("actions", "organism", "polypeptide")]
        self._polypeptide = [prefix + tag for tag in ("gene-name", "organism")]
        self._listing = [prefix + tag for tag in ("drugbank-id", "description")]

    def read(self, drug: Any) -> DrugRecord:
        """Everything that the tables need from one drug, but its listings."""
        found = self._find(drug, self._sections)
        primary, secondary = _ids(found["drugbank-id"])
        name = _first(found["name"]) or primary
        brands = self._children(found["international-brands"], "international-brand")
        names = self._children(found["synonyms"], "synonym") + self._children(brands, "name")
        codes = [code.get("code", "") for code in self._children(found["atc-codes"], "atc-code")]
        pathways = self._children(found["pathways"], "pathway")
        properties = self._properties(found)
        return DrugRecord(
            drug_id=primary,
            name=name,
            type=drug.get("type", ""),
            groups=_unique(_texts(self._children(found["groups"], "group"))),
            secondary_ids=secondary,
            aliases=tuple(alias for alias in _unique(_texts(names)) if alias != name),
            smiles=properties.get("SMILES"),
            inchikey=properties.get("InChIKey"),
            atc=tuple(sorted(_unique(codes))),
            moa=_first(found["mechanism-of-action"]),
            half_life=_first(found["half-life"]),
            proteins=tuple(sorted(set(self._proteins(found)))),
            smpdb=tuple(sorted(_unique(_texts(self._children(pathways, "smpdb-id"))))),
        )

    def listings_block(self, drug: Any) -> Any | None:
        """The ``<drug-interactions>`` element, or None."""
        return next(drug.iterchildren(self.prefix + "drug-interactions"), None)

    def listings(self, block: Any | None) -> Listings:
        """Partner and sentence of each listing in a ``<drug-interactions>``, as written; none for None."""
        partners: list[str] = []
        descriptions: list[str] = []
        if block is None:
            return partners, descriptions
        for item in block.iterchildren(self.prefix + "drug-interaction"):
            values: dict[str, str] = {}
            for child in item.iterchildren(*self._listing):
                values.setdefault(child.tag, child.text or "")
            partners.append(values.get(self._listing[0], ""))
            descriptions.append(values.get(self._listing[1], ""))
        return partners, descriptions

    def _find(self, element: Any, tags: Sequence[str]) -> Found:
        """The children with some prefixed tags, by their tag without the prefix, in one pass."""
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for child in element.iterchildren(*tags):
            found[child.tag[len(self.prefix) :]].append(child)
        return found

    def _children(self, elements: Iterable[Any], tag: str) -> list[Any]:
        return [child for element in elements for child in element.iterchildren(self.prefix + tag)]

    def _properties(self, found: Found) -> dict[str, str]:
        values: dict[str, str] = {}
        for item in self._children([group for name in _PROPERTIES for group in found[name]], "property"):
            kind = _first(self._children([item], "kind"))
            if kind in ("SMILES", "InChIKey") and (value := _first(self._children([item], "value"))):
                values.setdefault(kind, value.removeprefix("InChIKey="))
        return values

    def _proteins(self, found: Found) -> Iterator[Protein]:
        for role in PROTEIN_ROLES:
            for partner in self._children(found[f"{role}s"], role):
                about = self._find(partner, self._partner)
                actions = tuple(sorted(_unique(_texts(self._children(about["actions"], "action")))))
                organism = _first(about["organism"])
                for protein in about["polypeptide"]:
                    accession = _squeeze(protein.get("id"))
                    if accession:
                        own = self._find(protein, self._polypeptide)
                        origin = organism or _first(own["organism"])
                        yield role, accession, _first(own["gene-name"]), origin, actions


def _ids(items: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
    """The primary id (the first, where none is marked) and the others."""
    primary = next((item for item in items if item.get("primary") == "true"), items[0] if items else None)
    first = _squeeze(primary.text) if primary is not None else ""
    others = _unique(_texts(items))
    return first, tuple(sorted(other for other in others if other != first))


def _first(elements: Sequence[Any]) -> str:
    return _squeeze(elements[0].text) if elements else ""


def _texts(elements: Iterable[Any]) -> list[str]:
    return [_squeeze(element.text) for element in elements]


def _squeeze(text: str | None) -> str:
    return " ".join(text.split()) if text else ""


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
