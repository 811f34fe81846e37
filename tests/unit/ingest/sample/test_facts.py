"""The fact tables of the sample: complete, well-formed, and consistent with each other."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from rdkit import Chem

from mard.ingest.sample.facts import rows
from mard.schema import DRUG_ID

ATC_CODE = re.compile(r"[A-DGHJLMNPRSV]\d{2}[A-Z]{2}\d{2}")
SMPDB_ID = re.compile(r"SMP\d{7}")
UNIPROT = re.compile(r"[OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d([A-Z][A-Z\d]{2}\d){1,2}")
TABLES = ("drugs", "atc", "pathways", "proteins", "properties", "retired")
#: Columns of drugs.tsv whose source a row names, and the key that it goes by.
SOURCED = {"name": "identity", "groups": "groups", "smiles": "smiles", "half_life": "half_life", "moa": "moa"}

DRUGS = {row["drug_id"]: row for row in rows("drugs")}
DRAWN = {drug_id: row for drug_id, row in DRUGS.items() if row["smiles"]}
SOURCES = {row["source"] for row in rows("sources")}


def named(name: str) -> dict[str, str]:
    return next(row for row in DRUGS.values() if row["name"] == name)


def test_there_are_at_least_150_drugs_each_once_under_a_drugbank_id() -> None:
    listed = [row["drug_id"] for row in rows("drugs")]
    assert len(listed) == len(set(listed)) >= 150
    assert listed == sorted(listed)
    assert all(DRUG_ID.fullmatch(drug_id) for drug_id in listed)


@pytest.mark.parametrize(
    ("drug_id", "name"), [("DB00582", "Voriconazole"), ("DB06626", "Axitinib"), ("DB00682", "Warfarin")]
)
def test_required_drugs_stand_under_their_ids(drug_id: str, name: str) -> None:
    assert DRUGS[drug_id]["name"] == name


def test_every_drug_has_a_name_a_type_and_a_group() -> None:
    for row in DRUGS.values():
        assert row["name"].strip() == row["name"] != ""
        assert row["type"] in {"small molecule", "biotech"}
        assert set(row["groups"].split(";")) <= {"approved", "withdrawn", "illicit"}


def test_no_name_or_alias_belongs_to_two_drugs() -> None:
    owners: dict[str, set[str]] = {}
    for drug_id, row in DRUGS.items():
        for alias in [row["name"], *filter(None, f"{row['synonyms']};{row['brands']}".split(";"))]:
            owners.setdefault(alias.lower(), set()).add(drug_id)
    assert {alias: drugs for alias, drugs in owners.items() if len(drugs) > 1} == {}


def test_names_carry_the_characters_that_make_labelling_hard() -> None:
    text = " ".join(f"{row['name']} {row['synonyms']}" for row in DRUGS.values())
    assert all(mark in text for mark in "-()',β")


def test_stored_inchikey_is_that_of_the_structure() -> None:
    for row in DRAWN.values():
        molecule = Chem.MolFromSmiles(row["smiles"])
        assert molecule is not None, row["name"]
        assert Chem.MolToInchiKey(molecule) == row["inchikey"], row["name"]


def test_a_drug_without_a_structure_has_no_inchikey() -> None:
    undrawn = [row for row in DRUGS.values() if not row["smiles"]]
    assert undrawn
    assert not any(row["inchikey"] for row in undrawn)
    assert all(row["smiles"] == "" for row in DRUGS.values() if row["type"] == "biotech")


@pytest.mark.parametrize(
    ("mixture", "isomer"),
    [
        ("Omeprazole", "Esomeprazole"),
        ("Lansoprazole", "Dexlansoprazole"),
        ("Citalopram", "Escitalopram"),
        ("Cetirizine", "Levocetirizine"),
        ("Ofloxacin", "Levofloxacin"),
        ("Zopiclone", "Eszopiclone"),
        ("Amlodipine", "Levamlodipine"),
    ],
)
def test_stereo_forms_share_the_first_inchikey_block_and_nothing_more(mixture: str, isomer: str) -> None:
    first, second = named(mixture)["inchikey"], named(isomer)["inchikey"]
    assert first.split("-")[0] == second.split("-")[0]
    assert first != second


@pytest.mark.parametrize(
    ("name", "inchikey"),
    [
        ("Acetylsalicylic acid", "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"),
        ("Caffeine", "RYYVLZVUVIJVGH-UHFFFAOYSA-N"),
        ("Morphine", "BQJCRHHNABKAKU-KBQPJGBKSA-N"),
        ("Simvastatin", "RYMZZMVNJRMUDD-HGQWONQESA-N"),
    ],
)
def test_structures_have_their_published_inchikeys(name: str, inchikey: str) -> None:
    assert named(name)["inchikey"] == inchikey


@pytest.mark.parametrize("table", TABLES[1:])
def test_every_fact_is_about_a_drug_of_the_sample_and_stated_once(table: str) -> None:
    facts = [tuple(value for key, value in row.items() if key != "source") for row in rows(table)]
    assert {fact[0] for fact in facts} <= DRUGS.keys()
    assert [fact for fact, count in Counter(facts).items() if count > 1] == []


def test_accessions_and_codes_are_well_formed() -> None:
    assert all(ATC_CODE.fullmatch(row["code"]) for row in rows("atc"))
    assert all(SMPDB_ID.fullmatch(row["smpdb_id"]) and row["name"] for row in rows("pathways"))
    assert all(UNIPROT.fullmatch(row["uniprot"]) for row in rows("proteins"))


def test_a_pathway_has_one_name() -> None:
    pairs = {(row["smpdb_id"], row["name"]) for row in rows("pathways")}
    assert len(pairs) == len({smpdb_id for smpdb_id, _ in pairs})


@pytest.mark.parametrize("table", TABLES[1:])
def test_every_row_names_known_sources(table: str) -> None:
    for row in rows(table):
        assert row["source"], row
        assert set(row["source"].split(";")) <= SOURCES, row


def test_every_filled_cell_of_a_drug_names_a_known_source() -> None:
    for row in DRUGS.values():
        sources = dict(part.split("=", 1) for part in row["source"].split(";"))
        assert set(sources) == {key for column, key in SOURCED.items() if row[column]}, row["name"]
        assert set(sources.values()) <= SOURCES, row["name"]


def test_every_source_is_used() -> None:
    used = {source for table in TABLES[1:] for row in rows(table) for source in row["source"].split(";")}
    used |= {part.partition("=")[2] for row in DRUGS.values() for part in row["source"].split(";")}
    assert used == SOURCES


def test_some_drugs_have_thin_evidence() -> None:
    """At most one protein, no pathway, no mechanism text and no half-life."""
    proteins = Counter(row["drug_id"] for row in rows("proteins"))
    in_pathway = {row["drug_id"] for row in rows("pathways")}
    thin = [
        row["name"]
        for drug_id, row in DRUGS.items()
        if proteins[drug_id] <= 1 and drug_id not in in_pathway and not row["moa"] and not row["half_life"]
    ]
    assert len(thin) >= 3


@pytest.mark.parametrize("table", ["proteins", "properties", "retired"])
def test_a_name_beside_an_id_is_the_name_of_that_drug(table: str) -> None:
    assert [row for row in rows(table) if row["drug"] != DRUGS[row["drug_id"]]["name"]] == []


def test_an_accession_always_means_the_same_protein() -> None:
    meanings: dict[str, set[tuple[str, str, str]]] = {}
    for row in rows("proteins"):
        meanings.setdefault(row["uniprot"], set()).add((row["gene"], row["protein"], row["organism"]))
    assert {uniprot: found for uniprot, found in meanings.items() if len(found) > 1} == {}
