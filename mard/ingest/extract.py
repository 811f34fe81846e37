"""One ``<drug>`` element to plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

PROTEIN_ROLES: Final = ("target", "enzyme", "transporter", "carrier")

Protein = tuple[str, str, str, str, tuple[str, ...]]
Listings = tuple[Sequence[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class DrugRecord:
    """What a release says about one drug; texts are single-spaced, "" where absent.

    Attributes:
        aliases: Synonyms, then international brands; unique, without the name.
        smiles: Calculated where given, else experimental, else None; likewise ``inchikey``.
        proteins: (role, UniProt accession, gene, organism, actions), one per polypeptide.
        partners: Id of the other drug of each interaction, as written.
        descriptions: Sentence of each interaction, as written.
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
    partners: Sequence[str]
    descriptions: Sequence[str]


class DrugReader:
    """Reads drugs whose tags all begin with ``prefix`` (a namespace in braces, or nothing)."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._paths: dict[tuple[str, ...], str] = {}

    def read(self, drug: Any) -> DrugRecord:
        """Everything that the tables need from one drug."""
        primary, secondary = self._ids(drug)
        name = self._text(drug, "name") or primary
        partners, descriptions = self._listings(drug)
        synonyms = self._texts(drug, "synonyms", "synonym")
        brands = self._texts(drug, "international-brands", "international-brand", "name")
        return DrugRecord(
            drug_id=primary,
            name=name,
            type=drug.get("type", ""),
            groups=_unique(self._texts(drug, "groups", "group")),
            secondary_ids=secondary,
            aliases=tuple(alias for alias in _unique(synonyms + brands) if alias != name),
            smiles=self._property(drug, "SMILES"),
            inchikey=self._property(drug, "InChIKey"),
            atc=tuple(
                sorted(_unique([item.get("code", "") for item in self._all(drug, "atc-codes", "atc-code")]))
            ),
            moa=self._text(drug, "mechanism-of-action"),
            half_life=self._text(drug, "half-life"),
            proteins=tuple(sorted(set(self._proteins(drug)))),
            smpdb=tuple(sorted(_unique(self._texts(drug, "pathways", "pathway", "smpdb-id")))),
            partners=partners,
            descriptions=descriptions,
        )

    def _path(self, *tags: str) -> str:
        if tags not in self._paths:
            self._paths[tags] = "/".join(self._prefix + tag for tag in tags)
        return self._paths[tags]

    def _all(self, element: Any, *tags: str) -> list[Any]:
        found: list[Any] = element.findall(self._path(*tags))
        return found

    def _text(self, element: Any, *tags: str) -> str:
        return _squeeze(element.findtext(self._path(*tags)))

    def _texts(self, element: Any, *tags: str) -> list[str]:
        return [_squeeze(item.text) for item in self._all(element, *tags)]

    def _ids(self, drug: Any) -> tuple[str, tuple[str, ...]]:
        """The primary id (the first, where none is marked) and the others."""
        items = self._all(drug, "drugbank-id")
        primary = next((item for item in items if item.get("primary") == "true"), items[0] if items else None)
        first = _squeeze(primary.text) if primary is not None else ""
        others = _unique([_squeeze(item.text) for item in items])
        return first, tuple(sorted(other for other in others if other != first))

    def _property(self, drug: Any, kind: str) -> str | None:
        for group in ("calculated-properties", "experimental-properties"):
            for item in self._all(drug, group, "property"):
                value = self._text(item, "value")
                if value and self._text(item, "kind") == kind:
                    return value.removeprefix("InChIKey=")
        return None

    def _proteins(self, drug: Any) -> Iterator[Protein]:
        for role in PROTEIN_ROLES:
            for partner in self._all(drug, f"{role}s", role):
                actions = tuple(sorted(_unique(self._texts(partner, "actions", "action"))))
                organism = self._text(partner, "organism")
                for protein in self._all(partner, "polypeptide"):
                    accession = _squeeze(protein.get("id"))
                    if accession:
                        gene = self._text(protein, "gene-name")
                        yield role, accession, gene, organism or self._text(protein, "organism"), actions

    def _listings(self, drug: Any) -> Listings:
        block = drug.find(self._path("drug-interactions"))
        if block is None:
            return (), ()
        return self._regular_listings(block) or self._any_listings(block)

    def _regular_listings(self, block: Any) -> Listings | None:
        """All listings in one pass, where each has exactly one id and one description."""
        items = list(block.iterchildren(self._prefix + "drug-interaction"))
        ids = list(block.iter(self._prefix + "drugbank-id"))
        texts = list(block.iter(self._prefix + "description"))
        if not len(items) == len(ids) == len(texts):
            return None
        for item, other, text in zip(items, ids, texts, strict=True):
            if other.getparent() is not item or text.getparent() is not item:
                return None
        return [other.text or "" for other in ids], [text.text or "" for text in texts]

    def _any_listings(self, block: Any) -> Listings:
        items = self._all(block, "drug-interaction")
        return (
            [item.findtext(self._path("drugbank-id")) or "" for item in items],
            [item.findtext(self._path("description")) or "" for item in items],
        )


def _squeeze(text: str | None) -> str:
    return " ".join(text.split()) if text else ""


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
