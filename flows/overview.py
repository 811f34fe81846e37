"""What ``mard status`` shows: the stages, the release and the registered models."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mard.evaluate.headline import results_table
from mard.io import read_json
from tasks.stage import Workspace, workspace_for
from tasks.versioning import changed_stages, stage_names


def overview(artifacts: Path | None) -> dict[str, Any]:
    """The state of every stage, the release they descend from, and the model versions."""
    from tasks.courier import undelivered
    from tasks.journal import FOLDER

    workspace = workspace_for(artifacts)
    manifest = workspace.stage("ingest") / "manifest.json"
    return {
        "artifacts": str(workspace.artifacts),
        "release": read_json(manifest)["release"] if manifest.exists() else None,
        "stages": _stage_states(workspace),
        "models": _models(workspace),
        "untracked": [asdict(each) for each in undelivered(workspace.artifacts / FOLDER)],
    }


def results_of(artifacts: Path | None, *, as_json: bool = False) -> str:
    """What the evaluation found: a Markdown table, or all of it as JSON.

    Raises:
        MissingArtifact: Nothing was evaluated yet.
    """
    metrics = read_json(workspace_for(artifacts).need("evaluate", "metrics.json"))
    return json.dumps(metrics, indent=2) if as_json else results_table(metrics)


def readable(found: dict[str, Any]) -> str:
    """The overview as lines for a terminal."""
    lines = [f"artifacts  {found['artifacts']}"]
    if found["release"]:
        shown = ", ".join(f"{key} {value}" for key, value in found["release"].items())
        lines.append(f"release    {shown}")
    lines += ["", *(f"{name:<10} {state}" for name, state in found["stages"].items()), ""]
    lines += [
        f"model {model['name']} version {model['version']}  {', '.join(model['aliases']) or '-'}"
        for model in found["models"]
    ] or ["no model is registered yet"]
    lines += [
        f"{run['entries']} entries of run {run['run']} are not at {run['uri']} yet: mard tracking replay"
        for run in found["untracked"]
    ]
    return "\n".join(lines)


def _stage_states(workspace: Workspace) -> dict[str, str]:
    changed = set(changed_stages()) if workspace.versioned else set()
    return {
        name: "missing" if not workspace.stage(name).exists() else "changed" if name in changed else "current"
        for name in stage_names()
    }


def _models(workspace: Workspace) -> list[dict[str, Any]]:
    from mlflow import MlflowClient

    from tasks.tracking import connect

    connect(workspace)
    client = MlflowClient()
    found = []
    for model in client.search_registered_models():
        aliases: dict[str, list[str]] = {}
        for alias, version in model.aliases.items():
            aliases.setdefault(str(version), []).append(alias)
        for version in client.search_model_versions(f"name='{model.name}'"):
            found.append(
                {
                    "name": model.name,
                    "version": int(version.version),
                    "aliases": sorted(aliases.get(str(version.version), [])),
                }
            )
    return sorted(found, key=lambda row: (row["name"], row["version"]))
