"""What the training stages share: gate 9 before, curves and data hashes in MLflow, small models after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from mard.gates.leakage import training_rows
from mard.gates.report import enforce, to_rows
from mard.io import sha256_file, write_json, write_jsonl
from mard.schema import Part
from tasks import contracts
from tasks.stage import Workspace

SMALL_BYTES: Final = 64 * 2**20
"""Larger model folders stay in the artifacts folder; MLflow then knows them by their hashes only."""


def check_training_rows(workspace: Workspace, out: Path, table: str, pair_ids: Sequence[str]) -> None:
    """Gate 9: every row descends from the training part of the teacher subset; writes ``gates.json``.

    Raises:
        GateFailure: A row does not.
    """
    subset = contracts.read(workspace.need("split"), "split/teacher_subset")
    result = training_rows(table, pair_ids, subset.filter(pl.col("part") == Part.TRAIN))
    enforce([result])
    write_json(out / "gates.json", to_rows([result]))


def log_curve(metrics: Mapping[str, float], step: int) -> None:
    """Log a point of a training curve to the active MLflow run."""
    import mlflow

    mlflow.log_metrics({name.replace(" ", "_"): value for name, value in metrics.items()}, step=step)


def log_data(*files: Path) -> None:
    """Log the files that a model is trained on as datasets, by name and hash."""
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    for file in files:
        source = CodeDatasetSource(tags={"stage": file.parent.name})
        dataset = MetaDataset(source, name=file.name, digest=sha256_file(file)[:32])
        mlflow.log_input(dataset, context="training")


def write_results(
    out: Path, metrics: Mapping[str, Any], history: Iterable[Mapping[str, float]], models: Sequence[str]
) -> None:
    """Write ``metrics.json`` and ``history.jsonl``, and log them with the model folders that are small."""
    import mlflow

    write_json(out / "metrics.json", metrics)
    write_jsonl(out / "history.jsonl", history)
    mlflow.log_metrics(flat_numbers(metrics))
    for name in ("metrics.json", "history.jsonl", "gates.json"):
        mlflow.log_artifact(str(out / name))
    for name in models:
        if (out / name).is_dir() and _bytes(out / name) <= SMALL_BYTES:
            mlflow.log_artifacts(str(out / name), artifact_path=name)


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
