"""``mard gates`` and ``mard gates verify``, as a publisher and a third party use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.cli import app
from mard.errors import InputError, MissingArtifact
from mard.gates.certificate import FILES, seal
from mard.io import read_json, sha256_file, write_json
from tasks import contracts, evidence, gates, retrieve, split
from tasks.stage import Workspace, run_stage
from tests.flows.test_data_stages import ingested

STAGES = (("evidence", evidence), ("split", split), ("gates", gates), ("retrieve", retrieve))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = ingested(tmp_path_factory.mktemp("artifacts"))
    for name, stage in STAGES:
        run_stage(name, stage.compute, made)
    return made


@pytest.fixture
def published(workspace: Workspace, tmp_path: Path) -> Path:
    """What a third party gets: the certificate beside the split's tables, and the neighbours."""
    folder = tmp_path / "published"
    folder.mkdir()
    for name in FILES:
        shutil.copy(workspace.stage("split") / name, folder)
    run("gates", "--artifacts", workspace.artifacts, "--out", folder / "certificate.json")
    return folder


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.output


def verify(folder: Path, *options: object, status: int = 0) -> list[str]:
    return run("gates", "verify", folder / "certificate.json", *options, status=status).splitlines()


def change(folder: Path, name: str, part: str) -> None:
    """Move the first test pair of a published table to another part."""
    table = pl.read_parquet(folder / f"{name}.parquet")
    first = table.filter(pl.col("part") == "test")["pair_id"][0]
    moved = pl.when(pl.col("pair_id") == first).then(pl.lit(part)).otherwise("part")
    table.with_columns(part=moved).write_parquet(folder / f"{name}.parquet")


def test_the_certificate_names_all_gates_that_have_run(workspace, published):
    certificate = json.loads(run("gates", "--artifacts", workspace.artifacts, "--json"))
    assert certificate == read_json(published / "certificate.json")
    assert {row["gate"] for row in certificate["gates"]} >= {"pair_disjoint", "neighbour_universe"}
    assert "offline" not in (published / "certificate.html").read_text()
    assert "neighbour_universe" in run("gates", "--artifacts", workspace.artifacts)


def test_a_third_party_verifies_a_published_split(published):
    lines = verify(published)
    assert lines == [
        "note: gate 7 neighbour_universe: not run again; it needs neighbours.parquet and queries.parquet of "
        "the stage retrieve",
        "note: gate 9 training_rows: not run again; it needs the training stages (--artifacts)",
        "note: gate 10 evidence_text: not run again; it needs the licensed release (--artifacts)",
        "verified: the files, their counts, the draw and every gate that ran are as certified",
    ]


def test_the_split_may_lie_elsewhere(workspace, published, tmp_path):
    shutil.move(published / "certificate.json", tmp_path / "certificate.json")
    assert verify(tmp_path, "--splits", published)[-1].startswith("verified")
    assert verify(tmp_path, status=2)[-1] == "NOT verified: 6 findings"


def test_published_neighbours_answer_gate_7(workspace, published):
    for name in ("neighbours.parquet", "queries.parquet"):
        shutil.copy(workspace.stage("retrieve") / name, published)
    assert not [line for line in verify(published) if "gate 7" in line]
    table = contracts.read(published, "retrieve/neighbours")
    held_out = pl.read_parquet(published / "drug_partition.parquet").filter(pl.col("part") == "test")
    first = pl.int_range(pl.len()) == 0
    here = pl.col("set") == "pair_cold"
    spoilt = pl.concat(
        [
            table.filter(~here),
            table.filter(here).with_columns(
                first=pl.when(first).then(pl.lit(held_out["drug_id"][0])).otherwise("first")
            ),
        ]
    )
    spoilt.write_parquet(published / "neighbours.parquet")
    assert any("gate 7 neighbour_universe on pair_cold" in line for line in verify(published, status=2))


def test_with_the_release_all_gates_of_the_data_run_again(workspace, published):
    assert verify(published, "--artifacts", workspace.artifacts, "--splits", published) == [
        "note: gate 9 training_rows: not run again; it needs the training stages (--artifacts)",
        "verified: the files, their counts, the draw and every gate that ran are as certified",
    ]
    assert verify(workspace.stage("gates"), "--artifacts", workspace.artifacts)[-1].startswith("verified")


def test_a_label_that_is_wrong_in_every_table_alike_takes_the_release_to_be_found(workspace, published):
    for name in ("warm", "drug_cold", "pair_cold"):
        table = pl.read_parquet(published / f"{name}.parquet")
        first = pl.col("pair_id") == table["pair_id"].min()
        turned = pl.when(pl.col("polarity") == "up").then(pl.lit("down")).otherwise(pl.lit("up"))
        table.with_columns(polarity=pl.when(first).then(turned).otherwise("polarity")).write_parquet(
            published / f"{name}.parquet"
        )
    forged = read_json(published / "certificate.json")
    forged["files"] = {name: sha256_file(published / name) for name in FILES}
    write_json(published / "certificate.json", seal(forged))
    found = verify(published, "--splits", published, "--artifacts", workspace.artifacts, status=2)
    assert sum("gate 11 manifest_integrity on" in line and "has another label" in line for line in found) == 3


@pytest.mark.parametrize("name", ["warm", "drug_cold", "pair_cold"])
def test_a_tampered_table_is_found(published, name):
    change(published, name, "train")
    lines = verify(published, status=2)
    assert any(line.startswith(f"{name}.parquet: SHA-256 is") for line in lines)
    assert any(line.startswith(f"counts, protocols/{name}/test/") for line in lines)
    assert any(line.startswith(f"{name}: not what the certified seeds") for line in lines)
    assert any("gate 11 manifest_integrity on hashes" in line for line in lines)


def test_a_table_that_is_missing_unreadable_or_of_another_shape_is_found(published):
    (published / "eval.parquet").unlink()
    (published / "warm.parquet").write_bytes(b"PAR1 and no more")
    cold = pl.read_parquet(published / "pair_cold.parquet")
    cold.drop("family").write_parquet(published / "pair_cold.parquet")
    lines = verify(published, status=2)
    assert "eval.parquet: missing" in lines
    assert any(line.startswith("warm.parquet: ") and "SHA" not in line for line in lines)
    assert any("family" in line for line in lines if line.startswith("pair_cold.parquet: table"))
    assert "note: no gate could run again: the tables are not all there" in lines


def test_a_flipped_copy_is_found_though_it_breaks_the_tables_contract(published):
    warm = pl.read_parquet(published / "warm.parquet")
    a, b = warm["drug_a"][0], warm["drug_b"][0]
    copy = warm[:1].with_columns(pair_id=pl.lit(f"{b}|{a}"), drug_a=pl.lit(b), drug_b=pl.lit(a))
    pl.concat([warm, copy]).write_parquet(published / "warm.parquet")
    lines = verify(published, status=2)
    assert any(line.startswith("warm.parquet: table 'split/warm' breaks its contract") for line in lines)
    assert f"gate 2 mirror_disjoint on warm: 1 violations, e.g. {b}|{a} is not canonical" in lines


def test_an_edited_certificate_is_found(published):
    edited = read_json(published / "certificate.json")
    edited["gates"][0]["checked"] += 1
    write_json(published / "certificate.json", edited)
    lines = verify(published, status=2)
    assert lines[0].startswith("certificate: edited; its digest says ")
    assert lines[1].startswith("gate 1 pair_disjoint on warm: certified ")
    assert lines[-1] == "NOT verified: 2 findings"


def test_a_certificate_of_another_release_is_found(workspace, published):
    other = read_json(published / "certificate.json")
    write_json(published / "certificate.json", seal({**other, "release": {"version": "another"}}))
    lines = verify(published, "--artifacts", workspace.artifacts, "--splits", published, status=2)
    assert lines[0] == "release version: certified another, the artifacts have test"


def test_no_certificate_without_gates_nor_for_another_split(workspace, tmp_path):
    with pytest.raises(MissingArtifact, match="run the stage 'gates' first"):
        run("gates", "--artifacts", tmp_path)
    shutil.copytree(workspace.artifacts, tmp_path / "artifacts")
    change(tmp_path / "artifacts" / "split", "warm", "train")
    with pytest.raises(InputError, match=r"run the stage 'gates' again: warm\.parquet: SHA-256 is"):
        run("gates", "--artifacts", tmp_path / "artifacts")
