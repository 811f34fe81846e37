"""What the training stages share: gate 9 before, curves and data hashes in MLflow, small models after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from mard.gates.leakage import training_rows
from mard.gates.report import enforce, to_rows
from mard.io import write_json, write_jsonl
from mard.schema import Part
from tasks import contracts
from tasks.stage import Workspace

if TYPE_CHECKING:
    from tasks.tracking import Run

SMALL_BYTES: Final = 64 * 2**20
"""Larger models stay in the artifacts folder; MLflow then has their adapters only."""


def check_training_rows(workspace: Workspace, out: Path, table: str, pair_ids: Sequence[str]) -> None:
    """Gate 9: every row descends from the training part of the teacher subset; writes ``gates.json``.

    Raises:
        GateFailure: A row does not.
    """
    subset = contracts.read(workspace.need("split"), "split/teacher_subset")
    result = training_rows(table, pair_ids, subset.filter(pl.col("part") == Part.TRAIN))
    enforce([result])
    write_json(out / "gates.json", to_rows([result]))


def write_results(
    run: Run, out: Path, metrics: Mapping[str, Any], history: Iterable[Mapping[str, float]]
) -> None:
    """Write ``metrics.json`` and ``history.jsonl``, and log them with the adapter and what else is small."""
    write_json(out / "metrics.json", metrics)
    write_jsonl(out / "history.jsonl", history)
    run.metrics(flat_numbers(metrics))
    for name in ("metrics.json", "history.jsonl", "gates.json"):
        run.file(out / name)
    for name in ("adapter", "tokenizer", "model"):
        if (out / name).is_dir() and (name == "adapter" or _bytes(out / name) <= SMALL_BYTES):
            run.file(out / name, folder=name)


def flat_numbers(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """``{"held_out": {"nll": 1.2, "auroc": None}}`` becomes ``{"held_out/nll": 1.2}``."""
    flat: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flat_numbers(value, f"{prefix}{key}/")
        elif isinstance(value, int | float):
            flat[prefix + key] = float(value)
    return flat


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
