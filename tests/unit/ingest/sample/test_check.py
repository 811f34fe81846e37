"""The comparison with a release: what agrees, what disagrees, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from mard.ingest.drugbank import ReleaseInfo, ReleaseTables
from mard.ingest.interactions import REJECTED_COLUMNS, Interactions
from mard.ingest.sample.check import compare, main, reference
from mard.ingest.sample.facts import ProteinFact, SampleDrug, load_drugs
from mard.ingest.tables import DRUG_COLUMNS, PATHWAY_COLUMNS, PROTEIN_COLUMNS

ETHANOL = "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"


def a_drug() -> SampleDrug:
    return replace(
        load_drugs()[0],
        drug_id="DB00898",
        name="Alcohol",
        inchikey=ETHANOL,
        atc=("V03AB16", "V03AZ01"),
        proteins=(
            ProteinFact("enzyme", "P05181", "CYP2E1", "CYP 2E1", "Humans", ("substrate", "inducer")),
            ProteinFact("target", "P14867", "GABRA1", "GABA-A alpha-1", "Humans", ("agonist",)),
        ),
        pathways=(("SMP0000449", "Ethanol Degradation"),),
    )


def a_release(
    *,
    drug: dict[str, Any] | None = None,
    proteins: list[tuple[str, str, list[str]]] | None = None,
    pathways: tuple[str, ...] = ("SMP0000449",),
) -> ReleaseTables:
    """One drug; ``proteins`` are (role, UniProt, actions)."""
    row: dict[str, Any] = {
        "drug_id": "DB00898",
        "name": "Ethanol",
        "type": "small molecule",
        "groups": ["approved"],
        "secondary_ids": [],
        "aliases": ["alcohol"],
        "smiles": "OCC",
        "inchikey": "",
        "atc": ["V03AB16", "V03AZ01"],
        "moa": "",
        "half_life": "",
    }
    links = [("enzyme", "P05181", ["Substrate", "inducer"]), ("target", "P14867", [])]
    return ReleaseTables(
        info=ReleaseInfo("x.xml", "0" * 64, "5.1", "2026-01-01"),
        drugs=pl.DataFrame([row | (drug or {})], schema=DRUG_COLUMNS),
        proteins=pl.DataFrame(
            [
                ("DB00898", role, uniprot, "", "", acts)
                for role, uniprot, acts in (links if proteins is None else proteins)
            ],
            schema=PROTEIN_COLUMNS,
            orient="row",
        ),
        pathways=pl.DataFrame(
            [("DB00898", pathway, "smpdb") for pathway in pathways], schema=PATHWAY_COLUMNS, orient="row"
        ),
        interactions=Interactions(pl.Series([], dtype=pl.String), []),
        rejected=pl.DataFrame(schema=REJECTED_COLUMNS),
    )


def rates(release: ReleaseTables) -> dict[str, float | None]:
    report = compare([a_drug()], reference(release))
    return {channel: summary["disagreement_rate"] for channel, summary in report.items()}


def test_a_release_that_says_the_same_disagrees_nowhere() -> None:
    """The name is an alias there, the SMILES is written the other way round, an action is capitalised."""
    assert rates(a_release()) == {
        "name": 0.0,
        "structure": 0.0,
        "atc": 0.0,
        "enzymes_and_transporters": 0.0,
        "targets": 0.0,
        "smpdb": 0.0,
    }


@pytest.mark.parametrize(
    ("channel", "release", "rate"),
    [
        ("name", a_release(drug={"aliases": []}), 1.0),
        ("structure", a_release(drug={"smiles": "CCCO"}), 1.0),
        ("atc", a_release(drug={"atc": ["V03AB16", "N01AA01"]}), 0.5),
        ("enzymes_and_transporters", a_release(proteins=[("enzyme", "P05181", ["substrate"])]), 0.5),
        ("targets", a_release(proteins=[("target", "P28472", [])]), 1.0),
        ("smpdb", a_release(pathways=("SMP0000450",)), 1.0),
    ],
)
def test_a_planted_difference_is_seen_in_its_channel(
    channel: str, release: ReleaseTables, rate: float
) -> None:
    assert rates(release)[channel] == rate


@pytest.mark.parametrize(
    ("channel", "release"),
    [
        ("structure", a_release(drug={"smiles": ""})),
        ("atc", a_release(drug={"atc": ["V03AB"]})),
        ("enzymes_and_transporters", a_release(proteins=[("enzyme", "P05181", [])])),
        ("enzymes_and_transporters", a_release(proteins=[("enzyme", "P08684", ["substrate"])])),
        ("targets", a_release(proteins=[])),
        ("smpdb", a_release(pathways=())),
    ],
)
def test_silence_of_the_release_counts_neither_for_nor_against(channel: str, release: ReleaseTables) -> None:
    summary = compare([a_drug()], reference(release))[channel]
    assert summary["facts"] > 0
    assert (summary["comparable"], summary["disagreement_rate"]) == (0, None)


def test_a_drug_that_the_release_lacks_is_not_compared() -> None:
    report = compare([replace(a_drug(), drug_id="DB00001")], reference(a_release()))
    assert {summary["facts"] for summary in report.values()} == {0}


def test_structure_falls_back_on_the_inchikey_where_there_is_no_smiles() -> None:
    assert rates(a_release(drug={"smiles": "", "inchikey": ETHANOL}))["structure"] == 0.0
    assert rates(a_release(drug={"smiles": "", "inchikey": "A" * 14 + "-UHFFFAOYSA-N"}))["structure"] == 1.0


def test_an_example_shows_both_sides() -> None:
    report = compare([a_drug()], reference(a_release(pathways=("SMP0000450",))))
    assert report["smpdb"]["examples"] == ["DB00898 Alcohol SMP0000449 <> SMP0000450"]


@pytest.mark.parametrize(("arguments", "complaint"), [([], "usage: "), (["no/such/release.xml"], "no/such")])
def test_unusable_arguments_end_in_one_line_and_status_2(
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["check", *arguments])
    assert main() == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
