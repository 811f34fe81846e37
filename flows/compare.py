"""What ``mard compare`` does: read finished runs, set them side by side, write the page and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mard.errors import InputError
from mard.evaluate.comparison import FinishedRun, compare_runs
from mard.evaluate.report.compare_page import render_comparison, verdicts
from mard.evaluate.tables import comparison_table
from mard.io import read_json, write_json, write_text
from tasks import contracts
from tasks.stage import Workspace
from tasks.tracking import connect, tracked

FILES: Final = ("metrics.json", "answers.parquet")


def compare(sources: Sequence[str], workspace: Workspace, *, layer: str) -> dict[str, Any]:
    """Compare runs, each an artifacts folder or the id of an MLflow run.

    Raises:
        InputError: A source is neither, or was not evaluated; or see
            :func:`mard.evaluate.comparison.compare_runs`.
    """
    params = workspace.params.evaluate
    runs = [_read(source, workspace) for source in sources]
    return compare_runs(runs, layer=layer, resamples=params.bootstrap_resamples, seed=params.seed)


def publish(found: Mapping[str, Any], workspace: Workspace, out: Path) -> None:
    """Write compare.json, compare.csv and compare.html, and tell MLflow the same figures."""
    write_json(out / "compare.json", found)
    write_text(out / "compare.csv", comparison_table(found))
    write_text(out / "compare.html", render_comparison(found))
    with tracked(workspace, "compare", workspace.params.evaluate) as run:
        run.metrics(_figures(found))
        for name in ("compare.html", "compare.json"):
            run.file(out / name)


def readable(found: Mapping[str, Any]) -> str:
    """The verdicts, a line each."""
    return "\n".join(verdicts(found))


def _figures(found: Mapping[str, Any]) -> dict[str, float]:
    places = {run["name"]: place for place, run in enumerate(found["runs"], start=1)}
    figures = {}
    for protocol, body in found["protocols"].items():
        for run, differences in body["differences"].items():
            for metric, one in differences.items():
                values = {"difference": one["difference"]}
                if one["cluster"] != "unscored":
                    values |= dict(zip(("low", "high"), one["cluster"], strict=True))
                where = f"{protocol}/{metric}/run_{places[run]}_less_run_1"
                figures |= {
                    f"{where}/{name}": value for name, value in values.items() if isinstance(value, float)
                }
    return figures


def _read(source: str, workspace: Workspace) -> FinishedRun:
    folder = Path(source)
    if folder.is_dir():
        home = folder / "evaluate" if (folder / "evaluate").is_dir() else folder
        return finished(folder.resolve().name, home)
    with TemporaryDirectory() as kept:
        return finished(source, _downloaded(source, workspace, Path(kept)))


def finished(name: str, folder: Path) -> FinishedRun:
    """The run whose stage ``evaluate`` wrote this folder.

    Raises:
        InputError: It was not evaluated.
    """
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise InputError(f"{folder} has no {' or '.join(missing)}: was this run evaluated?")
    metrics = read_json(folder / "metrics.json")
    answers = contracts.read(folder, "evaluate/answers")
    return FinishedRun(name, metrics["facts"], metrics["final_layer"], answers)


def _downloaded(run_id: str, workspace: Workspace, kept: Path) -> Path:
    """The files of an evaluation in MLflow: of this run, or of the run's child that evaluated."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    connect(workspace)
    client = MlflowClient()
    try:
        parent = client.get_run(run_id)
        children = client.search_runs(
            [parent.info.experiment_id],
            f"tags.`mlflow.parentRunId` = '{run_id}' and tags.`mard.stage` = 'evaluate'",
        )
        chosen = (children or [parent])[0].info.run_id
        for file in FILES:
            client.download_artifacts(chosen, file, str(kept))
    except (MlflowException, OSError) as error:
        raise InputError(
            f"{run_id}: neither a folder nor an evaluated run at {workspace.tracking_uri}"
        ) from error
    return kept
