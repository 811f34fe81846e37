"""What every stage shares: the workspace it runs in and the way its folder comes into being."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mard.config import Params, load_params
from mard.errors import (
    GateFailure,
    InputError,
    MardError,
    MissingArtifact,
    TeacherUnavailable,
    TrackingUnavailable,
)
from mard.io import atomic_path, sha256_file, sha256_text
from tasks.environment import REPOSITORY

ARTIFACTS = REPOSITORY / "artifacts"
PARAMS = REPOSITORY / "params.yaml"
PRESETS = REPOSITORY / "infra" / "presets"
TEAM_SERVER = os.environ.get("MLFLOW_TRACKING_URI")  # read once: MLflow itself sets the variable later

Summary = Mapping[str, Any]
Compute = Callable[["Workspace", Path], Summary]


@dataclass(frozen=True)
class Workspace:
    """Where a run reads and writes.

    Attributes:
        params: The validated parameters.
        artifacts: Folder with one subfolder a stage.
        tracking_uri: MLflow tracking server or database.
        parent_run: MLflow run under which the stages' runs nest, or None.
        tags: Extra MLflow tags, such as the flow run's id.
    """

    params: Params
    tracking_uri: str
    artifacts: Path = ARTIFACTS
    parent_run: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def versioned(self) -> bool:
        """Whether these are the repository's own artifacts, which DVC versions."""
        return self.artifacts == ARTIFACTS

    def stage(self, name: str) -> Path:
        """The finished folder of a stage."""
        return self.artifacts / name

    def need(self, stage: str, *parts: str) -> Path:
        """A file or folder that another stage has written.

        Raises:
            MissingArtifact: It is not there; the message names the stage to run.
        """
        path = self.artifacts.joinpath(stage, *parts)
        if not path.exists():
            raise MissingArtifact(path, stage)
        return path

    def work(self, stage: str, fingerprint: str) -> Path:
        """A scratch folder that survives a killed process, so that long work can resume.

        It is keyed by what the work depends on, so work begun under other inputs is never resumed,
        and :func:`run_stage` removes it when the stage is complete. Nor does DeepSpeed read a checkpoint
        that was divided in another way.
        """
        launch = self.params.launch
        divided = launch.processes > 1 and launch.strategy != "ddp"
        way = f"-{launch.strategy}-{launch.processes}" if divided else ""
        path = self.artifacts / ".work" / stage / f"{fingerprint}{way}"
        path.mkdir(parents=True, exist_ok=True)
        return path


def workspace_for(
    artifacts: Path | None = None,
    *,
    release: Path | None = None,
    preset: str | None = None,
    overrides: Sequence[str] = (),
) -> Workspace:
    """The repository's own workspace, or one in a folder of its own.

    Raises:
        InputError: A preset, release or override was given for the repository's own artifacts, which
            ``params.yaml`` alone decides; or the preset does not exist.
        ConfigError: The parameters are not valid.
    """
    if artifacts is None:
        if release or preset or overrides:
            raise InputError(
                "--release, --preset and --set need --artifacts DIR: the repository's own artifacts are "
                "versioned by params.yaml and data.dvc alone"
            )
        return Workspace(load_params(PARAMS), tracking_uri=tracking_store(REPOSITORY))
    if release is not None:
        overrides = [*overrides, f"ingest.release={json.dumps(str(release.resolve()))}"]
    folder = artifacts.resolve()
    return Workspace(
        load_params(PARAMS, preset_file(preset), overrides),
        artifacts=folder,
        tracking_uri=tracking_store(folder),
    )


def preset_file(name: str | None) -> Path | None:
    """Where a preset is; None for none.

    Raises:
        InputError: There is no such preset.
    """
    if name is None:
        return None
    file = PRESETS / f"{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in PRESETS.glob("*.yaml")))
        raise InputError(f"no preset {name!r}; there are {known}")
    return file


def tracking_store(folder: Path) -> str:
    """The team's MLflow server when ``MLFLOW_TRACKING_URI`` is set, else a database in ``folder``.

    Raises:
        InputError: That address holds a password: it is written to logs, journals and ``registration.json``.
    """
    if TEAM_SERVER and TEAM_SERVER.startswith("http") and "@" in urlsplit(TEAM_SERVER).netloc:
        raise InputError(
            "MLFLOW_TRACKING_URI holds a password, which logs would show: "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead"
        )
    if TEAM_SERVER and urlsplit(TEAM_SERVER).password is not None:
        raise InputError(
            "MLFLOW_TRACKING_URI holds a database's password, which logs would show: leave it out and use "
            "what the driver reads, such as PGPASSFILE or PGPASSWORD for PostgreSQL"
        )
    return TEAM_SERVER or f"sqlite:///{folder}/mlruns/mlflow.db"


def fingerprint(*inputs: Path | object) -> str:
    """A short hash of files' contents (paths) and parameters' reprs (anything else)."""
    parts = []
    for item in inputs:
        if isinstance(item, Path):
            files = sorted(item.rglob("*")) if item.is_dir() else [item]
            parts += [f"{file.name}:{sha256_file(file)}" for file in files if file.is_file()]
        else:
            parts.append(repr(item))
    return sha256_text("\n".join(parts))[:16]


def worth_retrying(_task: object, _run: object, state: Any) -> bool:
    """Prefect's retry condition: a deliberate error would only fail again, except a busy server."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, MardError) or isinstance(error, TeacherUnavailable | TrackingUnavailable)


def headline(summary: Summary) -> str:
    """A summary's counts and figures on one line; what is nested stays in the manifest."""
    shown = {key: value for key, value in summary.items() if not isinstance(value, Mapping | list | tuple)}
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in shown.items()
    )


def run_stage(name: str, compute: Compute, workspace: Workspace) -> Summary:
    """Run one stage: its folder replaces the old one only when ``compute`` returns.

    What a stage wrote before one of its gates failed is kept in ``STAGE.failed`` until it runs again.
    """
    from tasks.launch import is_spread, spread

    failed = workspace.artifacts / f"{name}.failed"
    shutil.rmtree(failed, ignore_errors=True)
    with atomic_path(workspace.stage(name)) as out:
        out.mkdir(parents=True)
        try:
            summary = spread(name, workspace, out) if is_spread(name, workspace) else compute(workspace, out)
        except GateFailure as failure:
            out.rename(failed)
            raise failure.kept_in(failed) from failure
    shutil.rmtree(workspace.artifacts / ".work" / name, ignore_errors=True)
    return summary
