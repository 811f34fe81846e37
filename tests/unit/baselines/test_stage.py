"""The stage on a made-up corpus: who answers what, the same bytes twice, and a leak that gate 9 stops."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mard.errors import GateFailure
from mard.io import read_json, sha256_file, write_json
from mard.retrieve.neighbours import NeighbourIndex
from mard.schema import Part, Protocol
from tasks import baselines, contracts, others, retrieve, split
from tasks.stage import Workspace, run_stage, workspace_for
from tests.unit.evaluate.world import make_world

SMALL = (
    "split.subset_train=60",
    "split.subset_val=10",
    "split.subset_test=10",
    "split.eval_sizes=[40, 30]",
    "infer.manifest_size=30",
    "retrieve.audit_queries=10",
    "baselines.models=[majority, kernel_propagation, xgboost]",
    "baselines.trees=3",
    "baselines.depth=2",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = workspace_for(tmp_path_factory.mktemp("baselines"), overrides=SMALL)
    world = make_world(drugs=50, pairs=500)
    for name in ("ingest", "label", "evidence"):
        made.stage(name).mkdir()
    write_json(made.stage("ingest") / "manifest.json", {"release": {"file": "made-up.xml"}})
    drugs = world.drugs.select(
        "drug_id",
        "name",
        "atc",
        type=pl.lit("small molecule"),
        groups=pl.lit(["approved"]),
        secondary_ids=pl.lit([], dtype=pl.List(pl.String)),
        aliases=pl.lit([], dtype=pl.List(pl.String)),
        smiles=pl.lit("C"),
        inchikey=pl.concat_str(pl.lit("KEY"), "drug_id"),
        moa=pl.lit(""),
        half_life=pl.col("half_life_text"),
    )
    columns = list(contracts.TABLES["ingest/drugs"].columns)
    contracts.write(made.stage("ingest"), "ingest/drugs", drugs.select(columns))
    contracts.write(made.stage("label"), "label/labels", world.labels)
    contracts.write(made.stage("evidence"), "evidence/drugs", world.drugs)
    np.save(made.stage("evidence") / "fingerprints.npy", world.fingerprints)
    for name, stage in (("split", split), ("retrieve", retrieve), ("baselines", baselines)):
        run_stage(name, stage.compute, made)
    return made


def test_every_model_answers_the_manifests_of_val_and_test(workspace: Workspace) -> None:
    table = contracts.read(workspace.need("baselines"), "baselines/predictions")
    manifest = contracts.read(workspace.need("split"), "split/eval").filter(pl.col("size") == 40)
    asked = {(row["protocol"], row["part"], row["pair_id"]) for row in manifest.iter_rows(named=True)}
    for _, own in table.group_by("model"):
        assert set(own.select("protocol", "part", "pair_id").iter_rows()) == asked
    assert table["model"].n_unique() == 2 + 3


def test_gate_9_saw_every_pair_that_was_learnt_from(workspace: Workspace) -> None:
    rows = read_json(workspace.need("baselines", "gates.json"))
    assert [row["protocol"] for row in rows] == [f"baselines on {protocol}" for protocol in Protocol]
    for row, protocol in zip(rows, Protocol, strict=True):
        table = contracts.read(workspace.need("split"), f"split/{protocol}")
        train = table.filter(pl.col("part") == Part.TRAIN).height
        assert (row["gate"], row["violations"], row["checked"]) == ("training_rows", 0, 2 * train)


def test_an_index_that_shows_a_test_pair_stops_the_stage(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("ingest", "evidence", "split", "retrieve"):
        shutil.copytree(workspace.stage(name), tmp_path / name, ignore=shutil.ignore_patterns("index"))
    index = NeighbourIndex.load(workspace.need("retrieve", "index"))
    shown = {
        protocol: contracts.read(tmp_path / "split", f"split/{protocol}").filter(pl.col("part").is_in(parts))
        for protocol, parts in zip(Protocol, (["train"], ["train"], ["train", "test"]), strict=True)
    }
    NeighbourIndex.build(index.features, index.weights, shown).save(tmp_path / "retrieve" / "index")
    with pytest.raises(GateFailure, match="baselines on pair_cold"):
        run_stage("baselines", baselines.compute, workspace_for(tmp_path, overrides=SMALL))


def test_the_same_inputs_give_the_same_bytes(workspace: Workspace) -> None:
    before = sha256_file(workspace.need("baselines", "predictions.parquet"))
    run_stage("baselines", baselines.compute, workspace)
    assert sha256_file(workspace.need("baselines", "predictions.parquet")) == before


def test_another_systems_table_is_measured_on_the_same_pairs(workspace: Workspace, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.csv"
    script = [sys.executable, "tests/other_system.py", str(workspace.need("split")), str(theirs)]
    subprocess.run(script, check=True)
    found = others.score_files(workspace, [theirs])
    assert read_json(workspace.artifacts / "others" / "theirs.json") == found["theirs"]
    for protocol, figures in found["theirs"]["protocols"].items():
        right = _right(
            theirs, protocol, contracts.read(workspace.need("split"), f"split/{protocol}"), workspace
        )
        assert figures["accuracy"] == pytest.approx(sum(right) / figures["pairs"], abs=1e-6)
        assert figures["missing"] == figures["pairs"] - len(right)
        assert set(figures["comparisons"]) == {"kernel propagation"}
    cold = found["theirs"]["protocols"]["pair_cold"]
    assert (cold["missing"], cold["accuracy"]) == (cold["pairs"], 0.0)  # it leaves out what it has never seen
    assert "theirs, warm: 0 of 30 pairs missing" in others.readable(found)


def _right(theirs: Path, protocol: str, split: pl.DataFrame, workspace: Workspace) -> list[bool]:
    """Whether each answer to a test pair of the manifest has the right family, read row by row."""
    manifest = contracts.read(workspace.need("split"), "split/eval")
    asked = manifest.filter(
        (pl.col("protocol") == protocol) & (pl.col("part") == "test") & (pl.col("size") == 30)
    )
    gold = dict(split.select("pair_id", "family").iter_rows())
    with theirs.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["protocol"] == protocol]
    answers = {"|".join(sorted((row["drug_a"], row["drug_b"]))): row["family"] for row in rows}
    return [answers[pair] == gold[pair] for pair in asked["pair_id"] if pair in answers]
