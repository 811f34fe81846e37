"""Other systems' answers, measured beside the baselines on the same test pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mard.errors import InputError
from mard.io import sha256_file, write_json
from mard.schema import Protocol
from tasks.evaluation_inputs import Inputs
from tasks.stage import Workspace

if TYPE_CHECKING:
    import polars as pl

    from mard.evaluate.statistic import Score, Statistic

FOLDER: Final = "others"
RIVALS: Final = ("neighbour vote", "kernel propagation")
METRICS: Final = ("macro_f1", "accuracy", "ths")


def score_files(workspace: Workspace, files: Sequence[Path]) -> dict[str, Any]:
    """Measure each file's answers; writes ``others/NAME.json`` for each and returns them by name.

    Raises:
        InputError: Two files have one name, or a file is not as :mod:`mard.evaluate.adapter` says.
    """
    from mard.evaluate.adapter import read_predictions

    if len({file.stem for file in files}) < len(files):
        raise InputError("a system is called after its file: no two files may have the same name")
    inputs, found = Inputs(workspace), {}
    for file in files:
        predictions = read_predictions(file)
        figures = {str(protocol): _score(inputs, predictions, protocol) for protocol in Protocol}
        found[file.stem] = {"file": file.name, "sha256": sha256_file(file), "protocols": figures}
        write_json(workspace.artifacts / FOLDER / f"{file.stem}.json", found[file.stem])
    return found


def _score(inputs: Inputs, predictions: pl.DataFrame, protocol: Protocol) -> dict[str, Any]:
    from mard.evaluate.adapter import align
    from mard.evaluate.answers import texts
    from mard.evaluate.bootstrap import Resamples, compare, intervals

    gold, params = inputs.gold(protocol), inputs.workspace.params.evaluate
    drug_a, drug_b = texts(gold["drug_a"]), texts(gold["drug_b"])
    weights = Resamples.draw(drug_a, drug_b, params.bootstrap_resamples, params.seed)
    aligned = align(predictions, gold, protocol)
    own = _statistics(gold, aligned.answers)
    rivals = {name: _statistics(gold, answers) for name, answers in _rivals(inputs, protocol, gold).items()}
    return {
        "pairs": gold.height,
        "missing": aligned.missing,
        "ignored": aligned.ignored,
        **{name: statistic.score() for name, statistic in own.items()},
        "ece": _ece(gold, aligned.answers, params.ece_bins),
        "intervals": {name: intervals(statistic, weights) for name, statistic in own.items()},
        "comparisons": {
            rival: {name: compare(own[name], other[name], weights) for name in METRICS}
            for rival, other in rivals.items()
        },
    }


def _statistics(gold: pl.DataFrame, answers: pl.DataFrame) -> dict[str, Statistic]:
    from mard.evaluate.answers import Labels
    from mard.evaluate.classification import label_statistics
    from mard.evaluate.hierarchy import ths

    truth, said = Labels.of(gold), Labels.of(answers)
    figures = label_statistics(truth, said) | {"ths": ths(truth, said)}
    return {name: figures[name] for name in METRICS}


def _ece(gold: pl.DataFrame, answers: pl.DataFrame, bins: int) -> Score:
    """Of a system that gives a confidence with every answer; a missing answer is wrong without any."""
    from mard.evaluate.calibration import ece

    confidence = answers["confidence"].fill_null(0.0)
    if answers.filter("parsed")["confidence"].has_nulls():
        return "unscored"
    return ece(confidence.to_numpy(), (answers["family"] == gold["family"]).to_numpy(), bins)


def _rivals(inputs: Inputs, protocol: Protocol, gold: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Answers of the votes that the workspace has, in the order of gold."""
    import polars as pl

    table = inputs.baselines.filter(pl.col("protocol") == protocol)
    own = {name: table.filter(pl.col("model") == name) for name in RIVALS}
    return {
        name: gold.select("pair_id").join(rows, on="pair_id", how="left", maintain_order="left")
        for name, rows in own.items()
        if not rows.is_empty()
    }


def readable(found: Mapping[str, Any]) -> str:
    """A line a system, protocol and metric: the figure, its interval over drugs, and who wins."""
    lines = []
    for name, body in found.items():
        for protocol, figures in body["protocols"].items():
            counts = (
                f"{figures['missing']} of {figures['pairs']} pairs missing, {figures['ignored']} rows ignored"
            )
            lines.append(f"{name}, {protocol}: {counts}")
            lines += [f"  {metric:<9} {_line(figures, metric)}" for metric in METRICS]
    return "\n".join(lines)


def _line(figures: Mapping[str, Any], metric: str) -> str:
    against = [
        f"{compared[metric]['difference']:+.3f} against the {rival}"
        + {"left": ", a win", "right": ", a loss", "none": ""}[compared[metric]["win"]]
        for rival, compared in figures["comparisons"].items()
    ]
    low, high = figures["intervals"][metric]["cluster"]
    return "; ".join([f"{figures[metric]:.3f} [{low:.3f}, {high:.3f}]", *against])
