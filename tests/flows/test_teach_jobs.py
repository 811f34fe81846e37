"""Inside a flow every teacher is a task run of its own: retried alone, paused by a variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow

from tasks import teach
from tests.unit.tasks.teacher_set import write_teacher_set


def test_teachers_are_task_runs_that_survive_a_busy_endpoint_and_can_be_paused(
    tmp_path: Path, prefect_home: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.teach_in_a_flow", str(tmp_path)],
        env={**os.environ, "PREFECT_HOME": str(prefect_home)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    teachers = {name: tries for name, tries, _ in report["runs"] if name.startswith("teach with")}
    assert teachers == {"teach with pk_first": 2, "teach with analogy_first": 1, "teach with served": 1}
    assert sorted(report["calls"]) == ["analogy_first", "pk_first", "pk_first", "served"]
    assert (report["while_paused"], report["requests"]) == (0, 63), "nothing was asked while paused"
    assert (tmp_path / "teach" / "manifest.json").exists()


def test_the_stage_logs_its_numbers_to_mlflow(tmp_path: Path) -> None:
    workspace = write_teacher_set(tmp_path)
    teacher = {"candidates": 63, "valid": 63, "prompt_tokens": 0, "completion_tokens": 0}
    teach.log_run(workspace, {"pairs": 21, "candidates": 63, "teachers": {"p": teacher}, "agreement": {}})
    mlflow.set_tracking_uri(workspace.tracking_uri)
    (run,) = mlflow.search_runs(experiment_names=["mard"], output_format="list")
    assert run.data.metrics["p/valid_share"] == 1.0
    assert run.data.params["candidates"] == "3"
    assert run.data.tags["mard.stage"] == "teach"
