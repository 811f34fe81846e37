from __future__ import annotations

from pathlib import Path

import pytest

from mard.errors import ReleaseError
from mard.io import read_json, sha256_file
from tasks import contracts, ingest
from tasks.stage import run_stage, workspace_for
from tests.releases import AXITINIB, VORICONAZOLE, voriconazole_axitinib_xml


def run(tmp_path: Path, **params: Path) -> Path:
    release = tmp_path / "release.xml"
    overrides = [f"ingest.{key}={value}" for key, value in params.items()]
    workspace = workspace_for(tmp_path / "artifacts", release=release, overrides=overrides)
    run_stage("ingest", ingest.compute, workspace)
    return workspace.stage("ingest")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    path = tmp_path / "release.xml"
    path.write_bytes(voriconazole_axitinib_xml())
    return path


def test_the_stage_writes_every_table_of_its_contract(tmp_path: Path, release: Path):
    out = run(tmp_path)
    tables = {
        name: contracts.read(out, name).height for name in contracts.TABLES if name.startswith("ingest/")
    }
    assert tables == {
        "ingest/drugs": 2,
        "ingest/proteins": 0,
        "ingest/pathways": 0,
        "ingest/interactions": 2,
        "ingest/rejected": 0,
        "ingest/severity": 0,
    }
    manifest = read_json(out / "manifest.json")
    assert manifest["release"] == {
        "file": "release.xml",
        "sha256": sha256_file(release),
        "version": "5.1",
        "exported_on": "2026-04-01",
    }
    assert (manifest["counts"]["pairs"], manifest["counts"]["listings"]) == (1, 2)


def test_side_files_add_pathways_and_severities(tmp_path: Path, release: Path):
    kegg = tmp_path / "kegg.tsv"
    kegg.write_text(f"drug_id\tpathway_id\n{VORICONAZOLE}\thsa00982\n")
    ddinter = tmp_path / "ddinter"
    ddinter.mkdir()
    (ddinter / "ddinter_code_J.csv").write_text(
        "DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level\n1,Voriconazole,2,Axitinib,Major\n"
    )
    out = run(tmp_path, kegg=kegg, ddinter=ddinter)
    assert contracts.read(out, "ingest/pathways").rows() == [(VORICONAZOLE, "hsa00982", "kegg")]
    assert contracts.read(out, "ingest/severity").rows() == [(f"{VORICONAZOLE}|{AXITINIB}", "Major")]


def test_the_same_release_gives_the_same_bytes(tmp_path: Path, release: Path):
    first = {file.name: file.read_bytes() for file in run(tmp_path).iterdir()}
    second = {file.name: file.read_bytes() for file in run(tmp_path).iterdir()}
    assert first == second


def test_a_broken_release_leaves_nothing_behind_and_the_old_tables_in_place(tmp_path: Path, release: Path):
    out = run(tmp_path)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    release.write_bytes(release.read_bytes()[:-30])
    with pytest.raises(ReleaseError, match="truncated"):
        run(tmp_path)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert [path.name for path in out.parent.iterdir()] == ["ingest"]
