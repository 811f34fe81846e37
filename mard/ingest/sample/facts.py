"""What the sample release states about its drugs: six small tables beside this module.

Every row names the class of public source that it comes from. A fact that could not be placed is
left out, so an empty cell means "not stated here", never "no".
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

#: How the 19 pharmacokinetic proteins are called in a trait such as ``cyp3a4_inhibitor``.
PK_NAMES: Final[Mapping[str, str]] = {
    "CYP1A2": "cyp1a2",
    "CYP2A6": "cyp2a6",
    "CYP2B6": "cyp2b6",
    "CYP2C8": "cyp2c8",
    "CYP2C9": "cyp2c9",
    "CYP2C19": "cyp2c19",
    "CYP2D6": "cyp2d6",
    "CYP2E1": "cyp2e1",
    "CYP3A4": "cyp3a4",
    "CYP3A5": "cyp3a5",
    "UGT1A1": "ugt1a1",
    "UGT1A4": "ugt1a4",
    "UGT2B7": "ugt2b7",
    "XDH": "xanthine_oxidase",
    "ABCB1": "pgp",
    "ABCG2": "bcrp",
    "SLCO1B1": "oatp1b1",
    "SLCO1B3": "oatp1b3",
    "SLC22A6": "oat1",
    "SLC22A8": "oat3",
    "SLC22A2": "oct2",
    "SLC47A1": "mate1",
}


@dataclass(frozen=True, slots=True)
class ProteinFact:
    """A protein that a drug binds, is cleared or carried by, inhibits or induces."""

    role: str
    uniprot: str
    gene: str
    name: str
    organism: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleDrug:
    """One drug of the sample.

    Attributes:
        retired_ids: Ids that DrugBank merged into this drug.
        pathways: (SMPDB id, name).
        traits: What the rules ask about: pharmacological properties (``nsaid``), pharmacokinetic
            roles (``cyp3a4_inhibitor``) and the drug's own name in lower case.
    """

    drug_id: str
    retired_ids: tuple[str, ...]
    name: str
    type: str
    groups: tuple[str, ...]
    synonyms: tuple[str, ...]
    brands: tuple[str, ...]
    smiles: str
    inchikey: str
    half_life: str
    moa: str
    atc: tuple[str, ...]
    proteins: tuple[ProteinFact, ...]
    pathways: tuple[tuple[str, str], ...]
    traits: frozenset[str]


@cache
def load_drugs() -> tuple[SampleDrug, ...]:
    """Every drug of the sample with its facts, sorted by id."""
    retired, atc, pathways = _by_drug("retired"), _by_drug("atc"), _by_drug("pathways")
    proteins, properties = _by_drug("proteins"), _by_drug("properties")
    return tuple(
        _drug(
            row,
            retired_ids=tuple(fact["retired_id"] for fact in retired[row["drug_id"]]),
            atc=tuple(sorted(fact["code"] for fact in atc[row["drug_id"]])),
            pathways=tuple(sorted((fact["smpdb_id"], fact["name"]) for fact in pathways[row["drug_id"]])),
            proteins=tuple(_protein(fact) for fact in proteins[row["drug_id"]]),
            properties=frozenset(fact["property"] for fact in properties[row["drug_id"]]),
        )
        for row in sorted(rows("drugs"), key=lambda row: row["drug_id"])
    )


def rows(table: str) -> Iterator[dict[str, str]]:
    """The rows of a table: ``drugs``, ``retired``, ``atc``, ``pathways``, ``proteins`` or ``properties``."""
    text = files("mard.ingest.sample").joinpath(f"{table}.tsv").read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)


def _by_drug(table: str) -> defaultdict[str, list[dict[str, str]]]:
    grouped: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(table):
        grouped[row["drug_id"]].append(row)
    return grouped


def _protein(row: Mapping[str, str]) -> ProteinFact:
    return ProteinFact(
        role=row["role"],
        uniprot=row["uniprot"],
        gene=row["gene"],
        name=row["protein"],
        organism=row["organism"],
        actions=_split(row["actions"]),
    )


def _drug(
    row: Mapping[str, str],
    *,
    retired_ids: tuple[str, ...],
    atc: tuple[str, ...],
    pathways: tuple[tuple[str, str], ...],
    proteins: tuple[ProteinFact, ...],
    properties: frozenset[str],
) -> SampleDrug:
    roles = {
        f"{PK_NAMES[protein.gene]}_{action}"
        for protein in proteins
        if protein.role != "target" and protein.gene in PK_NAMES
        for action in protein.actions
    }
    return SampleDrug(
        drug_id=row["drug_id"],
        retired_ids=retired_ids,
        name=row["name"],
        type=row["type"],
        groups=_split(row["groups"]),
        synonyms=_split(row["synonyms"]),
        brands=_split(row["brands"]),
        smiles=row["smiles"],
        inchikey=row["inchikey"],
        half_life=row["half_life"],
        moa=row["moa"],
        atc=atc,
        proteins=proteins,
        pathways=pathways,
        traits=properties | roles | {row["name"].lower()},
    )


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())
