"""The grid of ablations: each repeats what it changes of a finished run, then all are compared with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer
import yaml

from flows.driver import run_pipeline
from mard.config import load_params, parse_params, read_yaml
from mard.errors import InputError
from mard.io import read_json
from tasks.environment import REPOSITORY
from tasks.stage import PARAMS, Workspace
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
        overrides: Further parameters of the stages that are repeated, such as ``infer.manifest_size``.

    Returns:
        The folders.

    Raises:
        InputError: There is no such ablation, or none that changes anything.
        ConfigError: The base was made by a version with other parameters.
        MissingArtifact: The base was not evaluated.
    """
    grid = ablations()
    if unknown := [name for name in names if name not in grid]:
        raise InputError(f"no ablation is called {unknown[0]!r}; there are {', '.join(grid)}")
    recorded = read_json(base.need("evaluate", "metrics.json")).get("parameters")
    if recorded is None:
        raise InputError(f"{base.artifacts} does not say its parameters: run its stage evaluate again")
    own = settings(recorded)
    sections = {**asdict(load_params(PARAMS)), **recorded}  # whole ones: none of today's values in them
    parse_params(sections, f"{base.artifacts}/evaluate/metrics.json")
    whole = load_params(PARAMS, None, own)
    folders = []
    for name in names or grid:
        change = grid[name]
        if load_params(PARAMS, None, [*own, *change["set"]]) == whole:
            typer.echo(f"{name} is left out: {', '.join(change['set'])} is what the run had")
            continue
        folder = out / name
        chosen = [*own, *change["set"], *overrides]
        run_pipeline(None, folder, None, chosen, change["from"], LAST, base.artifacts)
        folders.append(folder)
    if not folders:
        raise InputError("nothing is left to ablate")
    return folders


def ablations() -> Mapping[str, Any]:
    """What each ablation changes, by name."""
    found: Mapping[str, Any] = read_yaml(GRID)
    return found


def settings(parameters: Mapping[str, Any]) -> list[str]:
    """Parameters as overrides, ``section.key=value``."""
    return [f"{key}={_yaml(value)}" for key, value in flatten(parameters).items()]


def _yaml(value: Any) -> str:
    """A value on one line, as an override is read: JSON's 5e-06 would be text there."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize)
    return text.removesuffix("...\n").strip()
