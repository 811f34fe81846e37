"""What may leave a machine with a licensed release: figures of an evaluation, and how to get them again.

Aggregates alone: no pair, no trace, no text of the release.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch

from mard.io import read_json, write_json
from tasks.stage import workspace_for
from tasks.tracking import flatten, git_commit

FIGURES: Final = (
    "macro_f1",
    "accuracy",
    "ths",
    "mfs",
    "mps",
    "parse_rate",
    "hr",
    "csa",
    "rpc",
    "ece",
    "au_at_90",
    "subtype_accuracy",
    "selective_accuracy",
    "coverage",
    "abstained",
)
GATE: Final = ("gate", "protocol", "checked", "violations")


def publish(artifacts: Path | None, preset: str | None, command: str, out: Path) -> None:
    """Write an evaluation's aggregates with the command, commit, seeds and hardware behind them.

    Args:
        artifacts: Where the run is.
        preset: Its preset.
        command: What gives the same figures again.
        out: A JSON file.

    Raises:
        MissingArtifact: Nothing was evaluated yet.
    """
    workspace = workspace_for(artifacts, preset=preset)
    metrics = read_json(workspace.need("evaluate", "metrics.json"))
    settings = flatten(asdict(workspace.params))
    write_json(
        out,
        {
            "command": command,
            "commit": git_commit(),
            "hardware": hardware(),
            "seeds": {key: value for key, value in settings.items() if key.endswith("seed")},
            "release": metrics["release"],
            "final_layer": metrics["final_layer"],
            "protocols": {name: _protocol(found) for name, found in metrics["protocols"].items()},
            "training": metrics["training"],
            "retrieval": metrics["retrieval"],
            "gates": [{key: row[key] for key in GATE} for row in metrics["gates"]],
        },
    )


def _protocol(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pairs": found["pairs"],
        "drugs": found["drugs"],
        "layers": {name: _figures(figures) for name, figures in found["layers"].items()},
        "baselines": {name: _figures(figures) for name, figures in found["baselines"].items()},
        "final_minus_baseline": found["comparisons"],
        "variants_minus_baseline": {
            name: figures["comparisons"] for name, figures in found["variants"].items()
        },
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in (*FIGURES, "intervals") if name in found}


def hardware() -> str:
    """Cores and GPU of this machine, in words."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} CPU cores, {gpu}"
