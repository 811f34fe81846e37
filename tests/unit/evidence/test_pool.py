from __future__ import annotations

import polars as pl
import pytest

from mard.config import Evidence
from mard.evidence.pool import build_evidence, coverage
from tasks import contracts
from tests.corpora import drug_id, drug_rows

PARAMS = Evidence(moa_max_chars=200, fingerprint_radius=2, fingerprint_bits=1024)
PROTEIN_COLUMNS = ("drug_id", "role", "uniprot", "gene", "organism", "actions")


@pytest.fixture(scope="module")
def tables():
    drugs = drug_rows(
        [2, 1, 3],
        name={1: "Warfarin", 2: "Aspirin"},
        aliases={1: ["Coumadin"]},
        smiles={1: "CCO"},
        atc={1: ["B01AA03", "A01AA01", "B01AA03"]},
        moa={1: "Blocks VKOR. Adds to aspirin.", 2: "Acetylates COX. Unlike Coumadin. Safe."},
        half_life={1: "40 hours, longer with aspirin", 2: "unknown"},
    )
    proteins = pl.DataFrame(
        [
            (drug_id(1), "enzyme", "P08684", "CYP3A4", "Humans", ["substrate"]),
            (drug_id(1), "enzyme", "P11712", "CYP2C9", "Humans", ["substrate", "inhibitor"]),
            (drug_id(1), "target", "Q9BQB6", "VKORC1", "Humans", ["inhibitor"]),
            (drug_id(1), "target", "P10632", "CYP2C8", "Yeast", ["inhibitor"]),
        ],
        schema=dict.fromkeys(PROTEIN_COLUMNS[:-1], pl.String) | {"actions": pl.List(pl.String)},
        orient="row",
    )
    pathways = pl.DataFrame(
        {"drug_id": [drug_id(1)] * 2, "pathway_id": ["SMP0000268", "SMP0000001"], "source": ["smpdb"] * 2}
    )
    return build_evidence(drugs, proteins, pathways, PARAMS)


def test_the_table_keeps_its_contract_and_its_order(tables):
    contracts.validate("evidence/drugs", tables.drugs)
    assert tables.drugs["drug_id"].to_list() == [drug_id(n) for n in (1, 2, 3)]
    assert tables.drugs["has_structure"].to_list() == [True, False, False]
    assert tables.fingerprints.any(axis=1).tolist() == [True, False, False]


def test_sets_are_sorted_unique_and_human(tables):
    row = tables.drugs.row(0, named=True)
    assert row["pk_flags"] == ["cyp2c9_inh", "cyp2c9_sub", "cyp3a4_sub"]
    assert row["atc"] == ["A01AA01", "B01AA03"]
    assert row["enzymes"] == ["P08684", "P11712"]
    assert row["targets"] == ["Q9BQB6"]
    assert row["pathways"] == ["SMP0000001", "SMP0000268"]
    assert tables.drugs.row(2, named=True)["targets"] == []


def test_each_text_knows_the_other_drugs_that_it_names(tables):
    aspirin, warfarin = drug_id(2), drug_id(1)
    assert tables.drugs["moa"].to_list()[0] == ["Blocks VKOR.", "Adds to aspirin."]
    assert tables.drugs["moa_names"].to_list()[:2] == [[[], [aspirin]], [[], [warfarin], []]]
    assert tables.drugs["half_life_names"].to_list() == [[aspirin], [], []]


def test_coverage_is_a_share_of_drugs(tables):
    shares = coverage(tables.drugs)
    assert shares["moa"] == pytest.approx(2 / 3, abs=1e-4)
    assert shares["half_life"] == pytest.approx(2 / 3, abs=1e-4)
    assert shares["half_life_hours"] == shares["structure"] == pytest.approx(1 / 3, abs=1e-4)
    assert shares["carriers"] == 0
