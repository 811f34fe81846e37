"""``mard compare`` on folders and on runs that MLflow keeps."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest

from flows.compare import compare, publish, readable
from mard.errors import InputError
from mard.io import read_json, write_json
from tasks import contracts
from tasks.stage import Workspace, workspace_for
from tasks.tracking import connect
from tests.unit.evaluate.runs import finished


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_for(tmp_path / "here", overrides=["evaluate.bootstrap_resamples=50"])


def folder(root: Path, name: str, wrong: range) -> Path:
    """A run's artifacts, as far as a comparison reads them."""
    run, home = finished(name, wrong=wrong), root / name / "evaluate"
    home.mkdir(parents=True)
    contracts.write(home, "evaluate/answers", run.answers)
    write_json(home / "metrics.json", {"facts": {"λ": name}, "final_layer": "stack"})
    return root / name


def test_two_folders_give_a_verdict_a_page_and_tables(tmp_path: Path, workspace: Workspace) -> None:
    old, new = folder(tmp_path, "old", range(12)), folder(tmp_path, "new", range(0))
    found = compare([str(old), str(new)], workspace, layer="final")
    assert readable(found).startswith("warm: new is better than old: +100.0 points")
    publish(found, workspace, tmp_path / "out")
    assert read_json(tmp_path / "out" / "compare.json") == found
    assert "▲ better" in (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    connect(workspace)
    (run,) = mlflow.MlflowClient().search_runs(
        [mlflow.get_experiment_by_name("mard").experiment_id], "tags.`mard.stage` = 'compare'"
    )
    assert run.data.metrics["warm/macro_f1/run_2_less_run_1/difference"] == 1.0


def test_a_run_that_mlflow_keeps_is_read_through_its_parent(tmp_path: Path, workspace: Workspace) -> None:
    old, new = folder(tmp_path, "old", range(12)), folder(tmp_path, "new", range(0))
    connect(workspace)
    with mlflow.start_run() as parent, mlflow.start_run(nested=True):
        mlflow.set_tag("mard.stage", "evaluate")
        for name in ("metrics.json", "answers.parquet"):
            mlflow.log_artifact(str(new / "evaluate" / name))
    found = compare([str(old), parent.info.run_id], workspace, layer="final")
    assert found["protocols"]["warm"]["differences"][parent.info.run_id]["accuracy"]["difference"] == 1.0


def test_what_is_no_evaluated_run_is_named(tmp_path: Path, workspace: Workspace) -> None:
    old = folder(tmp_path, "old", range(1))
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match=r"bare has no metrics\.json or answers\.parquet"):
        compare([str(old), str(tmp_path / "bare")], workspace, layer="final")
    with pytest.raises(InputError, match="abc123: neither a folder nor an evaluated run"):
        compare([str(old), "abc123"], workspace, layer="final")
