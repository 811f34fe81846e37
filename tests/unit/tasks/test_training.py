from __future__ import annotations

from pathlib import Path

import mlflow
import polars as pl
import pytest

from mard.config import load_params
from mard.errors import GateFailure
from mard.io import read_json
from tasks.stage import PARAMS, Workspace
from tasks.tracking import tracked
from tasks.training import check_training_rows, flat_numbers, write_results

ROWS = {
    "pair_id": ["DB00001|DB00002", "DB00001|DB00003"],
    "drug_a": ["DB00001", "DB00001"],
    "drug_b": ["DB00002", "DB00003"],
    "family": ["AdverseRisk"] * 2,
    "subtype": ["bleeding"] * 2,
    "direction": ["bidirectional"] * 2,
    "polarity": ["up"] * 2,
    "part": ["train", "val"],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "split").mkdir()
    pl.DataFrame(ROWS).write_parquet(tmp_path / "split" / "teacher_subset.parquet")
    return Workspace(load_params(PARAMS), f"sqlite:///{tmp_path}/mlflow.db", tmp_path)


def test_rows_of_the_training_part_pass(workspace: Workspace, tmp_path: Path) -> None:
    check_training_rows(workspace, tmp_path, "sft rows", ["DB00001|DB00002"])
    (row,) = read_json(tmp_path / "gates.json")
    assert (row["gate"], row["protocol"], row["violations"]) == ("training_rows", "sft rows", 0)


def test_a_validation_pair_among_training_rows_stops_the_stage(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(GateFailure, match=r"training_rows fails on sft rows: 1 violation.*DB00001\|DB00003"):
        check_training_rows(workspace, tmp_path, "sft rows", ["DB00001|DB00002", "DB00001|DB00003"])
    assert not (tmp_path / "gates.json").exists()


def test_nested_numbers_become_flat_names() -> None:
    nested = {"held_out": {"nll": 1, "auroc": None}, "name": "text", "kinds": {"a": {"b": 0.5}}}
    assert flat_numbers(nested) == {"held_out/nll": 1.0, "kinds/a/b": 0.5}


def test_a_run_holds_its_curve_data_and_results(workspace: Workspace, tmp_path: Path) -> None:
    data = tmp_path / "judge" / "steps.jsonl"
    data.parent.mkdir()
    data.write_text("{}\n", encoding="utf-8")
    (tmp_path / "gates.json").write_text("[]", encoding="utf-8")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "weights").write_text("small", encoding="utf-8")
    with tracked(workspace, "prm", workspace.params.prm) as run:
        run.data(data)
        run.curve({"loss": 2.0}, 1)
        run.curve({"loss": 1.0}, 2)
        write_results(run, tmp_path, {"held_out": {"nll": 1.5}}, [{"step": 1, "loss": 2.0}])
        run_id = run.run_id()
    client = mlflow.MlflowClient(workspace.tracking_uri)
    stored = client.get_run(run_id)
    assert [(point.step, point.value) for point in client.get_metric_history(run_id, "train/loss")] == [
        (1, 2.0),
        (2, 1.0),
    ]
    assert stored.data.metrics["held_out/nll"] == 1.5
    assert [each.dataset.name for each in stored.inputs.dataset_inputs] == ["judge/steps.jsonl"]
    names = {file.path for file in client.list_artifacts(run_id)}
    assert names == {"adapter", "gates.json", "history.jsonl", "metrics.json"}
