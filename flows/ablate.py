"""The grid of ablations: each repeats what it changes of a finished run, then all are compared with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from flows.driver import run_pipeline
from mard.config import read_yaml
from mard.errors import InputError
from mard.io import read_json
from tasks.environment import REPOSITORY
from tasks.stage import Workspace
from tasks.tracking import flatten

GRID: Final = REPOSITORY / "infra" / "ablations.yaml"
LAST: Final = "evaluate"
"""An ablation is measured and never registered."""


def ablate(base: Workspace, names: Sequence[str], out: Path, overrides: Sequence[str]) -> list[Path]:
    """Run ablations of a finished run, each in a folder of its name; one that is finished is skipped.

    Args:
        base: The finished run, whose own parameters they start from.
        names: Of the ablations; none: all of them.
        out: The folder that holds their folders.
        overrides: Further parameters for all of them, such as a smaller ``infer.manifest_size``.

    Returns:
        The folders.

    Raises:
        InputError: There is no such ablation.
        MissingArtifact: The base was not evaluated.
    """
    grid = ablations()
    if unknown := [name for name in names if name not in grid]:
        raise InputError(f"no ablation is called {unknown[0]!r}; there are {', '.join(grid)}")
    own = settings(read_json(base.need("evaluate", "metrics.json"))["parameters"])
    folders = []
    for name in names or grid:
        change = grid[name]
        folder = out / name
        chosen = [*own, *change["set"], *overrides]
        run_pipeline(None, folder, None, chosen, change["from"], LAST, base.artifacts)
        folders.append(folder)
    return folders


def ablations() -> Mapping[str, Any]:
    """What each ablation changes, by name."""
    found: Mapping[str, Any] = read_yaml(GRID)
    return found


def settings(parameters: Mapping[str, Any]) -> list[str]:
    """Parameters as overrides, ``section.key=value``."""
    return [f"{key}={json.dumps(value)}" for key, value in flatten(parameters).items()]
