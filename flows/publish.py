"""What may leave a machine with a licensed release: figures of an evaluation, and how to get them again.

Aggregates alone: no pair, no trace, no text of the release.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from flows.compare import finished
from mard.errors import InputError
from mard.evaluate.comparison import FINAL, compare_runs
from mard.evaluate.evaluation import GREEDY
from mard.evaluate.repeats import Repeat, pool_repeats
from mard.io import read_json, write_json
from tasks import contracts
from tasks.stage import workspace_for
from tasks.tracking import flatten

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
TABLE: Final = "baselines/predictions"
ASKED_APART: Final = ("probe.", "evaluate.")
"""Parameters of what comes after the answers that repeats are compared by."""
ABSENT: Final = object()
GATE: Final = ("gate", "protocol", "checked", "violations")


def publish(
    artifacts: Path | None,
    command: str,
    out: Path,
    *,
    repeats: Sequence[Path] = (),
    ablations: Sequence[Path] = (),
) -> None:
    """Write an evaluation's aggregates with the command, commit, seeds and hardware behind them.

    Args:
        artifacts: Where the run is.
        command: What gives the same figures again.
        out: A JSON file.
        repeats: Further runs, that differ from the first in seeds alone.
        ablations: Further runs on the same test pairs, that differ in something else.

    Raises:
        MissingArtifact: Nothing was evaluated yet.
        InputError: A run is given as what it is not.
    """
    home = workspace_for(artifacts).need("evaluate", "metrics.json").parent.parent
    metrics = _evaluated(home)
    settings = flatten(metrics["parameters"])
    found = {
        "command": command,
        "commit": metrics["commit"],
        "hardware": hardware(),
        "parameters": settings,
        "release": metrics["release"],
        "final_layer": metrics["final_layer"],
        "protocols": {name: _protocol(body) for name, body in metrics["protocols"].items()},
        "training": metrics["training"],
        "retrieval": metrics["retrieval"],
        "gates": [{key: row[key] for key in GATE} for row in metrics["gates"]],
    }
    bootstrap = {"resamples": settings["evaluate.bootstrap_resamples"], "seed": settings["evaluate.seed"]}
    if repeats:
        found["repeats"] = _repeated(home, repeats, bootstrap)
    if ablations:
        found["ablations"] = _ablated(home, ablations, bootstrap)
    write_json(out, found)


def _repeated(home: Path, others: Sequence[Path], bootstrap: Mapping[str, int]) -> dict[str, Any]:
    """Means over all runs, and the seeds in which each differs from the first."""
    changed = [
        {key: value for key, value in _changed(home, other).items() if not key.startswith(ASKED_APART)}
        for other in others
    ]
    for other, keys in zip(others, changed, strict=True):
        if odd := sorted(key for key in keys if not key.endswith("seed")):
            raise InputError(f"{other} is no repeat of {home}: it also differs in {', '.join(odd)}")
        if not keys:
            raise InputError(f"{other} is the same run as {home}: a repeat has other seeds")
        if _evaluated(other)["release"] != _evaluated(home)["release"]:
            raise InputError(f"{other} is no repeat of {home}: it was made from another release")
    runs = [
        Repeat(finished(each.name, each / "evaluate"), contracts.read(each / "baselines", TABLE))
        for each in (home, *others)
    ]
    return {"seeds": changed, "protocols": pool_repeats(runs, **bootstrap)}


def _ablated(home: Path, others: Sequence[Path], bootstrap: Mapping[str, int]) -> dict[str, Any]:
    """What changes, by run: parameters, and figures of the raw model and of the whole stack."""
    runs = [finished(each.resolve().name, each / "evaluate") for each in (home, *others)]
    by_layer = {layer: compare_runs(runs, layer=layer, **bootstrap)["protocols"] for layer in (GREEDY, FINAL)}
    return {
        "changed": {other.resolve().name: _changed(home, other) for other in others},
        "reference": runs[0].name,
        "layers": by_layer,
    }


def _changed(home: Path, other: Path) -> dict[str, Any]:
    """Parameters of another run that are not the first one's."""
    first, second = (flatten(_evaluated(each)["parameters"]) for each in (home, other))
    keys = sorted({*first, *second})
    return {key: second.get(key) for key in keys if first.get(key, ABSENT) != second.get(key, ABSENT)}


def _evaluated(run: Path) -> dict[str, Any]:
    """What the stage ``evaluate`` measured.

    Raises:
        InputError: It did not run, or was another version's, which did not say what it ran with.
    """
    file = run / "evaluate" / "metrics.json"
    found: dict[str, Any] = read_json(file) if file.exists() else {}
    if not {"parameters", "commit"} <= set(found):
        raise InputError(f"{file} is missing or does not say its parameters: run evaluate again in {run}")
    return found


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
        "rarity": found["slices"]["rarity"],
        "failures": {key: value for key, value in found["failures"].items() if key != "examples"},
        "reliability": {
            state: {"ece": each["ece"]} for state, each in found["reliability"]["states"].items()
        },
        "probes": found["probes"],
        "regimens": found["regimens"],
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in (*FIGURES, "intervals") if name in found}


def hardware() -> str:
    """Cores and GPU of this machine, in words."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} CPU cores, {gpu}"
