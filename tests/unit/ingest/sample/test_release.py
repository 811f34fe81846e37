"""The XML file: well-formed, laid out like an export, and the same bytes everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from mard.ingest.drugbank import parse_release
from mard.ingest.sample.facts import load_drugs
from mard.ingest.sample.listings import FIRST, listings
from mard.ingest.sample.release import write_release
from mard.io import sha256_file

NS = "{http://www.drugbank.ca}"
WRITE = """
from pathlib import Path
from mard.ingest.sample.release import write_release
write_release(Path({!r}))
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def drugs(release: Path) -> dict[str, etree._Element]:
    root = etree.parse(release).getroot()
    return {drug.findtext(f"{NS}drugbank-id[@primary='true']") or "": drug for drug in root}


def test_two_writes_give_the_same_bytes(release: Path, tmp_path: Path) -> None:
    assert write_release(tmp_path).read_bytes() == release.read_bytes()


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_bytes_do_not_depend_on_the_hash_seed(release: Path, tmp_path: Path, seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", WRITE.format(str(tmp_path))], env=environment, check=True)
    assert sha256_file(tmp_path / release.name) == sha256_file(release)


def test_writing_again_leaves_an_unchanged_file_alone(tmp_path: Path) -> None:
    path = write_release(tmp_path)
    os.utime(path, ns=(1, 1))
    write_release(tmp_path)
    assert path.stat().st_mtime_ns == 1


def test_writing_the_other_edition_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    before = sha256_file(write_release(tmp_path))
    after = sha256_file(write_release(tmp_path, altered=True))
    assert before != after
    assert [path.name for path in tmp_path.iterdir()] == ["drugbank_sample.xml"]


def test_lines_end_in_lf_and_every_drug_starts_a_line(release: Path) -> None:
    content = release.read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"</drugbank>\n")
    starts = [line for line in content.split(b"\n") if line.startswith(b"<drug type=")]
    assert len(starts) == len(FIRST.drugs())


def test_the_root_names_schema_version_and_date(release: Path) -> None:
    root = etree.parse(release).getroot()
    assert root.tag == f"{NS}drugbank"
    assert (root.get("version"), root.get("exported-on")) == ("sample-1", "2026-01-05")


def test_no_sentence_says_that_it_is_medicine(release: Path) -> None:
    head = release.read_text(encoding="utf-8").splitlines()[1]
    assert head.startswith("<!-- ")
    assert "not for clinical use" in head


def test_a_drug_carries_what_an_export_carries(drugs: dict[str, etree._Element]) -> None:
    drug = drugs["DB00682"]
    assert drug.findtext(f"{NS}name") == "Warfarin"
    assert [item.text for item in drug.findall(f"{NS}drugbank-id")] == ["DB00682", "APRD00341"]
    code = drug.find(f"{NS}atc-codes/{NS}atc-code")
    assert code is not None
    assert code.get("code") == "B01AA03"
    assert [level.get("code") for level in code] == ["B01AA", "B01A", "B01", "B"]
    assert code[-1].text == "BLOOD AND BLOOD FORMING ORGANS"
    target = drug.find(f"{NS}targets/{NS}target/{NS}polypeptide")
    assert target is not None
    assert target.get("id") == "Q9BQB6"
    actions = {
        enzyme.findtext(f"{NS}polypeptide/{NS}gene-name"): [item.text for item in enzyme.find(f"{NS}actions")]
        for enzyme in drug.findall(f"{NS}enzymes/{NS}enzyme")
    }
    assert actions["CYP2C9"] == ["substrate"]
    carrier = drug.find(f"{NS}carriers/{NS}carrier/{NS}polypeptide")
    assert carrier is not None
    assert carrier.get("id") == "P02768"


def test_the_reader_of_real_releases_gets_every_fact_back(release: Path) -> None:
    tables = parse_release(release)
    stated = {drug.drug_id: drug for drug in FIRST.drugs()}
    assert tables.info.version == "sample-1"
    assert set(tables.drugs["drug_id"]) == set(stated)
    for row in tables.drugs.iter_rows(named=True):
        drug = stated[row["drug_id"]]
        assert (row["name"], row["smiles"] or "", row["inchikey"] or "") == (
            drug.name,
            drug.smiles,
            drug.inchikey,
        )
        assert (row["atc"], row["moa"], row["half_life"]) == (list(drug.atc), drug.moa, drug.half_life)
        assert row["secondary_ids"] == sorted(drug.retired_ids)
    assert tables.proteins.height == sum(len(drug.proteins) for drug in stated.values())
    assert tables.pathways.height == sum(len(drug.pathways) for drug in stated.values())
    assert tables.interactions.height == len(listings(FIRST))
    assert tables.rejected.height == 0


def test_some_drugs_have_little_evidence() -> None:
    bare = [drug for drug in load_drugs() if not drug.proteins]
    assert len(bare) >= 10


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mard.ingest.sample", str(tmp_path / "data"), "--altered"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    path = tmp_path / "data" / "drugbank_sample.xml"
    assert told.startswith(f"{path}: sample-2 of 2026-07-06, 284 drugs, ")
    assert told.endswith(f"sha256 {sha256_file(path)}\n")
