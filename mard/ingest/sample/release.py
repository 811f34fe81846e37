"""Writes the sample as a DrugBank full-database XML: the same bytes on every call and machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from mard.ingest.sample.facts import ProteinFact, SampleDrug
from mard.ingest.sample.listings import ALTERED, FIRST, Edition, Listing, listings
from mard.io import atomic_path

FILE_NAME: Final = "drugbank_sample.xml"

_ROLES: Final = ("target", "enzyme", "carrier", "transporter")
_ATC_LEVELS: Final = (5, 4, 3, 1)
_ANATOMICAL: Final[Mapping[str, str]] = {
    "A": "ALIMENTARY TRACT AND METABOLISM",
    "B": "BLOOD AND BLOOD FORMING ORGANS",
    "C": "CARDIOVASCULAR SYSTEM",
    "D": "DERMATOLOGICALS",
    "G": "GENITO URINARY SYSTEM AND SEX HORMONES",
    "H": "SYSTEMIC HORMONAL PREPARATIONS, EXCL. SEX HORMONES AND INSULINS",
    "J": "ANTIINFECTIVES FOR SYSTEMIC USE",
    "L": "ANTINEOPLASTIC AND IMMUNOMODULATING AGENTS",
    "M": "MUSCULO-SKELETAL SYSTEM",
    "N": "NERVOUS SYSTEM",
    "P": "ANTIPARASITIC PRODUCTS, INSECTICIDES AND REPELLENTS",
    "R": "RESPIRATORY SYSTEM",
    "S": "SENSORY ORGANS",
    "V": "VARIOUS",
}
_NOTICE: Final = (
    "Sample written by MARD: publicly known facts about real drugs, and interactions that stated rules "
    "derive from them. Not a DrugBank export, not for clinical use: scores prove machinery, not medicine."
)


def write_release(folder: Path, *, altered: bool = False) -> Path:
    """Write ``drugbank_sample.xml`` into ``folder`` and return its path.

    A file that already holds these bytes is left alone, so its time stamp does not change.

    Args:
        folder: Created where missing.
        altered: Write the second edition: other drugs, new pairs, some pairs with another sentence.
    """
    content = render(ALTERED if altered else FIRST).encode("utf-8")
    target = folder / FILE_NAME
    if not (target.is_file() and target.read_bytes() == content):
        with atomic_path(target) as partial:
            partial.write_bytes(content)
    return target


def render(edition: Edition) -> str:
    """The whole XML document, each ``<drug>`` element of the root starting on a line of its own."""
    told = {
        drug_id: list(found) for drug_id, found in groupby(listings(edition), lambda item: item.listed_by)
    }
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- {_NOTICE} -->\n"
        '<drugbank xmlns="http://www.drugbank.ca" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="http://www.drugbank.ca http://www.drugbank.ca/docs/drugbank.xsd"'
        f' version="{edition.version}" exported-on="{edition.exported_on}">\n'
    )
    drugs = (_drug(drug, told.get(drug.drug_id, []), edition) for drug in edition.drugs())
    return head + "".join(drugs) + "</drugbank>\n"


def _drug(drug: SampleDrug, told: Sequence[Listing], edition: Edition) -> str:
    lines = [
        _leaf("drugbank-id", drug.drug_id, primary="true"),
        *(_leaf("drugbank-id", retired) for retired in drug.retired_ids),
        _leaf("name", drug.name),
        *_block("groups", (_leaf("group", group) for group in drug.groups)),
        _leaf("mechanism-of-action", drug.moa),
        _leaf("half-life", drug.half_life),
        *_block("synonyms", (_leaf("synonym", synonym, language="english") for synonym in drug.synonyms)),
        *_block("international-brands", (_brand(brand) for brand in drug.brands)),
        *_block("atc-codes", (_atc(code) for code in drug.atc)),
        *_block("drug-interactions", (_interaction(listing) for listing in told)),
        *_block("calculated-properties", _properties(drug)),
        *_block("pathways", (_pathway(smpdb_id, name, drug) for smpdb_id, name in drug.pathways)),
        *(line for role in _ROLES for line in _proteins(drug, role)),
    ]
    attributes = f'type="{escape(drug.type)}" created="2026-01-01" updated="{edition.exported_on}"'
    return f"<drug {attributes}>\n" + "".join(f"  {line}\n" for line in lines) + "</drug>\n"


def _leaf(tag: str, text: str, **attributes: str) -> str:
    opened = tag + "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{opened}>{escape(text, quote=False)}</{tag}>" if text else f"<{opened}/>"


def _block(tag: str, children: Iterable[str]) -> Iterator[str]:
    """A list element, one child a line; an empty one closes itself, as in an export."""
    inner = [f"  {child}" for child in children]
    yield from (f"<{tag}>", *inner, f"</{tag}>") if inner else (f"<{tag}/>",)


def _brand(brand: str) -> str:
    return f"<international-brand>{_leaf('name', brand)}<company/></international-brand>"


def _atc(code: str) -> str:
    levels = "".join(
        _leaf("level", _ANATOMICAL[code[0]] if length == 1 else "", code=code[:length])
        for length in _ATC_LEVELS
        if length < len(code)
    )
    return f'<atc-code code="{code}">{levels}</atc-code>'


def _interaction(listing: Listing) -> str:
    inner = (
        _leaf("drugbank-id", listing.other)
        + _leaf("name", listing.other_name)
        + _leaf("description", listing.description)
    )
    return f"<drug-interaction>{inner}</drug-interaction>"


def _properties(drug: SampleDrug) -> Iterator[str]:
    for kind, value in (("SMILES", drug.smiles), ("InChIKey", drug.inchikey)):
        if value:
            yield f"<property>{_leaf('kind', kind)}{_leaf('value', value)}</property>"


def _pathway(smpdb_id: str, name: str, drug: SampleDrug) -> str:
    member = f"<drug>{_leaf('drugbank-id', drug.drug_id)}{_leaf('name', drug.name)}</drug>"
    inner = _leaf("smpdb-id", smpdb_id) + _leaf("name", name) + _leaf("category", "drug_action")
    return f"<pathway>{inner}<drugs>{member}</drugs><enzymes/></pathway>"


def _proteins(drug: SampleDrug, role: str) -> Iterator[str]:
    facts = [fact for fact in drug.proteins if fact.role == role]
    numbered = enumerate(facts, start=1)
    return _block(f"{role}s", (_protein(fact, role, position) for position, fact in numbered))


def _protein(fact: ProteinFact, role: str, position: int) -> str:
    actions = "".join(_leaf("action", action) for action in fact.actions)
    inner = (
        _leaf("name", fact.name)
        + _leaf("organism", fact.organism)
        + f"<actions>{actions}</actions>"
        + _leaf("known-action", "yes" if role == "target" else "unknown")
        + f'<polypeptide id="{fact.uniprot}" source="Swiss-Prot">'
        + _leaf("name", fact.name)
        + _leaf("gene-name", fact.gene)
        + _leaf("organism", fact.organism)
        + "</polypeptide>"
    )
    return f'<{role} position="{position}">{inner}</{role}>'
