"""What MLflow holds of a retraining in an artifacts folder."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run


def client(artifacts: Path) -> MlflowClient:
    """Of the folder's own store."""
    return MlflowClient(f"sqlite:///{artifacts}/mlruns/mlflow.db")


def runs(artifacts: Path) -> dict[str, list[Run]]:
    """By stage; the parent's is ``retrain``."""
    found: dict[str, list[Run]] = {}
    for run in client(artifacts).search_runs(
        [client(artifacts).get_experiment_by_name("mard").experiment_id]
    ):
        found.setdefault(run.data.tags["mard.stage"], []).append(run)
    return found


def metric_names(artifacts: Path, stage: str) -> set[str]:
    """Of the stage's only run, without what the machine did."""
    (run,) = runs(artifacts)[stage]
    return {name for name in run.data.metrics if not name.startswith("system/")}
