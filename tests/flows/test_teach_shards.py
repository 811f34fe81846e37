"""Inside a flow the shards of teach are task runs of their own, and only they are retried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow

from tasks import teach
from tests.unit.tasks.teacher_set import write_teacher_set


def test_shards_are_task_runs_that_survive_a_busy_teacher(tmp_path: Path, prefect_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.teach_in_a_flow", str(tmp_path)],
        env={**os.environ, "PREFECT_HOME": str(prefect_home)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    shards = {name: tries for name, tries, _ in report["runs"] if name.startswith("teach shard")}
    assert sorted(shards) == [f"teach shard {number}" for number in range(5)]
    assert sorted(shards.values()) == [1, 1, 1, 1, 2]
    assert len(report["calls"]) == 6, "only the shard that failed ran again"
    assert (tmp_path / "teach" / "manifest.json").exists()


def test_the_stage_logs_its_numbers_to_mlflow(tmp_path: Path) -> None:
    workspace = write_teacher_set(tmp_path)
    teacher = {"candidates": 63, "valid": 63, "prompt_tokens": 0, "completion_tokens": 0}
    teach.log_run(workspace, {"pairs": 21, "candidates": 63, "teachers": {"p": teacher}, "agreement": {}})
    (run,) = mlflow.search_runs(experiment_names=["mard"], output_format="list")
    assert run.data.metrics["p/valid_share"] == 1.0
    assert run.data.params["candidates"] == "3"
    assert run.data.tags["mard.stage"] == "teach"
