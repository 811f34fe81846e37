"""MLflow tracking: one run a stage, nested under the parent run of the retraining.

Every run carries the same provenance: release version and hash, data manifest hashes, git commit and
the parameters of its section, so that two runs can be compared and traced to their inputs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow

from mard.io import read_json, sha256_file
from tasks.stage import REPOSITORY, Workspace

EXPERIMENT = "mard"
CODE = ("mard", "tasks", "flows", "mlflow", "params.yaml", "dvc.yaml")


def connect(workspace: Workspace) -> None:
    """Point MLflow at the workspace's tracking store and make sure the experiment exists."""
    uri = workspace.tracking_uri
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if uri.startswith("sqlite:///"):
        home = Path(uri.removeprefix("sqlite:///")).parent
        home.mkdir(parents=True, exist_ok=True)
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            mlflow.create_experiment(EXPERIMENT, artifact_location=(home / "artifacts").as_uri())
    mlflow.set_experiment(EXPERIMENT)


@contextmanager
def tracked(workspace: Workspace, stage: str, params: Any) -> Iterator[mlflow.ActiveRun]:
    """A run for ``stage`` with its parameters and provenance; log to it with ``mlflow.log_*``."""
    connect(workspace)
    tags = {"mard.stage": stage, **provenance(workspace), **workspace.tags}
    if workspace.parent_run is not None:
        tags["mlflow.parentRunId"] = workspace.parent_run
    with mlflow.start_run(run_name=stage, tags=tags, nested=True) as run:
        mlflow.log_params({key: str(value)[:500] for key, value in flatten(asdict(params)).items()})
        yield run


@contextmanager
def parent_run(workspace: Workspace, *, name: str, flow_run_id: str) -> Iterator[str]:
    """The run of a whole retraining, under which its stages' runs nest; yields its id."""
    connect(workspace)
    tags = {"mard.stage": "retrain", "prefect.flow_run_id": flow_run_id, "mard.git_commit": git_commit()}
    with mlflow.start_run(run_name=name, tags=tags) as run:
        yield run.info.run_id
        mlflow.set_tags(provenance(workspace))


def provenance(workspace: Workspace) -> dict[str, str]:
    """Release, data hashes and code version, as tags."""
    tags = {"mard.git_commit": git_commit()}
    manifest = workspace.stage("ingest") / "manifest.json"
    if manifest.exists():
        release = read_json(manifest)["release"]
        tags |= {f"mard.release.{key}": str(value) for key, value in release.items()}
    for stage in ("split", "retrieve", "consensus"):
        path = workspace.stage(stage) / "manifest.json"
        if path.exists():
            tags[f"mard.{stage}.sha256"] = sha256_file(path)
    return tags


def git_commit() -> str:
    """HEAD's commit, with ``+changes`` when code or parameters differ from it, or ``unknown``."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+changes" if _git("status", "--porcelain", "--", *CODE) else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("MARD_GIT_COMMIT", "unknown")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.strip()


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"lora": {"r": 16}}`` becomes ``{"lora.r": 16}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
