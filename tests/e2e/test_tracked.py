"""What a team sees of a retraining in MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.retrainings import client, runs

pytestmark = pytest.mark.e2e

CHILDREN = ("teach", "judge", "prm", "consensus", "sft", "dpo", "infer", "probe", "evaluate", "register")
TRAINING = ("prm", "sft", "dpo")


def test_a_retraining_is_one_run_with_a_child_a_stage(finished: Path) -> None:
    found = runs(finished)
    (parent,) = found["retrain"]
    assert "mlflow.parentRunId" not in parent.data.tags
    for stage in CHILDREN:
        (run,) = found[stage]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.info.status == "FINISHED"
        assert len(run.data.tags["mard.release.sha256"]) == 64
        assert run.data.params


@pytest.mark.parametrize("stage", ["teach", "judge", *TRAINING])
def test_what_a_stage_read_is_a_dataset(stage: str, finished: Path) -> None:
    (run,) = runs(finished)[stage]
    assert run.inputs.dataset_inputs
    for each in run.inputs.dataset_inputs:
        assert len(each.dataset.digest) == 32
        assert (finished / each.dataset.name).exists()


@pytest.mark.parametrize("stage", TRAINING)
def test_a_training_has_a_curve_without_doubles_the_machine_and_what_was_trained(
    stage: str, finished: Path
) -> None:
    (run,) = runs(finished)[stage]
    store = client(finished)
    steps = [point.step for point in store.get_metric_history(run.info.run_id, "train/loss")]
    assert steps
    assert len(set(steps)) == len(steps)
    assert "system/cpu_utilization_percentage" in run.data.metrics
    trained = "adapter" if stage == "dpo" else "model"
    names = {Path(file.path).name for file in store.list_artifacts(run.info.run_id, trained)}
    assert names == {file.name for file in (finished / stage / trained).iterdir()}
