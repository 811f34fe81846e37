"""What every stage shares: the workspace it runs in and the way its folder comes into being."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mard.config import Params
from mard.errors import MissingArtifact
from mard.io import atomic_path, sha256_file, sha256_text

REPOSITORY = Path(__file__).resolve().parent.parent

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
    artifacts: Path = REPOSITORY / "artifacts"
    tracking_uri: str = f"sqlite:///{REPOSITORY}/mlruns/mlflow.db"
    parent_run: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

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
        and :func:`run_stage` removes it when the stage is complete.
        """
        path = self.artifacts / ".work" / stage / fingerprint
        path.mkdir(parents=True, exist_ok=True)
        return path


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


def run_stage(name: str, compute: Compute, workspace: Workspace) -> Summary:
    """Run one stage: its folder replaces the old one only when ``compute`` returns."""
    with atomic_path(workspace.stage(name)) as out:
        out.mkdir(parents=True)
        summary = compute(workspace, out)
    shutil.rmtree(workspace.artifacts / ".work" / name, ignore_errors=True)
    return summary
