"""The ablation of the inference stack, layer by layer: the same kept candidates, nothing decoded again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from mard.errors import ConfigError
from mard.gates.report import enforce
from mard.io import read_jsonl
from mard.schema import Part, Protocol
from tasks import decisions
from tasks.decisions import Candidates, Evidence
from tasks.stage import Workspace

if TYPE_CHECKING:
    from mard.infer.candidates import Candidate

ORACLE: Final = "oracle over candidates"
BINS: Final = 10
METRICS: Final = ("macro_f1", "accuracy", "ths", "ece", "coverage", "selective_accuracy")


def ablate_layers(
    workspace: Workspace, layers: Sequence[str] | None = None, *, hybrid: bool = False
) -> pl.DataFrame:
    """Figures on test of every aggregator alone, of each growing stack, and of an oracle over candidates.

    Everything is fitted on val, as in the stage ``infer``. The oracle picks a candidate with the gold
    label, else one with its family and subtype, else one with its family: what no choice can surpass.

    Args:
        workspace: A folder in which the stage ``infer`` is complete.
        layers: Another stack than ``infer.stack``.
        hybrid: Listen to the structural models too.

    Returns:
        Columns ``protocol``, ``stack``, ``pairs`` and the metrics.

    Raises:
        ConfigError: A layer has no such name.
    """
    infer = workspace.params.infer
    chosen = list(infer.stack if layers is None else layers)
    _check(chosen)
    opened = Evidence.open(workspace)
    evidence = opened if hybrid else opened.alone()
    candidates = kept(workspace.need("infer", "candidates.jsonl"))
    enforce(evidence.check(candidates))
    stacks = decisions.fit(evidence, candidates, chosen, infer.target_selective_accuracy)
    test = {key: own for key, own in candidates.items() if key[1] is Part.TEST}
    answers = decisions.predictions(evidence, test, stacks, stacks)
    return pl.DataFrame(list(_rows(evidence, test, answers, chosen)))


def readable(table: pl.DataFrame) -> str:
    """The table in columns, a protocol after the other."""
    width = max(map(len, table["stack"]))
    lines = [f"{'':{width}}  " + "  ".join(f"{name:>9.9}" for name in METRICS)]
    for (protocol,), own in table.group_by("protocol", maintain_order=True):
        lines += ["", f"{protocol}, {own['pairs'][0]} test pairs"]
        for row in own.iter_rows(named=True):
            figures = (f"{row[name]:9.3f}" if row[name] is not None else f"{'-':>9}" for name in METRICS)
            lines.append(f"{row['stack']:{width}}  " + "  ".join(figures))
    return "\n".join(lines)


def kept(file: Path) -> Candidates:
    """The candidates that the stage ``infer`` has kept, in its order."""
    from mard.infer.candidates import Candidate

    found: dict[decisions.Key, list[Candidate]] = {}
    for row in read_jsonl(file):
        key = Protocol(row["protocol"]), Part(row["part"]), row["pair_id"]
        found.setdefault(key, []).append(Candidate.from_row(row))
    return found


def _check(layers: Sequence[str]) -> None:
    from mard.infer.stack import AGGREGATORS, LAYERS

    unknown = [name for name in layers if name not in AGGREGATORS and name not in LAYERS]
    if unknown:
        known = ", ".join((*AGGREGATORS, *LAYERS))
        raise ConfigError("--stack", [f"no layer is called {unknown[0]!r}; there are {known}"])


def _rows(
    evidence: Evidence, test: Candidates, answers: pl.DataFrame, layers: Sequence[str]
) -> Iterator[dict[str, Any]]:
    from mard.infer.stack import AGGREGATORS

    stages = {name: name for name in AGGREGATORS}
    stages |= {name: f"{'  ' * place}> {name}" for place, name in enumerate(layers)}
    for protocol in Protocol:
        own = answers.filter((pl.col("protocol") == protocol) & (pl.col("ordering") == "ab"))
        for layer, title in stages.items():
            yield _row(evidence, protocol, title, own.filter(pl.col("layer") == layer))
        yield _row(evidence, protocol, ORACLE, pl.DataFrame(list(_best(evidence, test, protocol))))


def _row(evidence: Evidence, protocol: Protocol, title: str, answers: pl.DataFrame) -> dict[str, Any]:
    from mard.evaluate import calibration
    from mard.evaluate.answers import Labels
    from mard.evaluate.classification import label_statistics, selective_statistics
    from mard.evaluate.hierarchy import ths
    from mard.evaluate.statistic import UNSCORED

    gold = answers.select("pair_id").join(
        evidence.gold[protocol], on="pair_id", how="left", maintain_order="left"
    )
    truth, predicted = Labels.of(gold), Labels.of(answers)
    right, confidence = truth.family == predicted.family, answers["confidence"].to_numpy()
    statistics = {
        **label_statistics(truth, predicted),
        "ths": ths(truth, predicted),
        **selective_statistics(right, answers["abstain"].to_numpy()),
    }
    scores = {name: statistics[name].score() for name in METRICS if name in statistics}
    scores["ece"] = calibration.ece(confidence, right, BINS)
    figures = {name: None if scores[name] == UNSCORED else scores[name] for name in METRICS}
    return {"protocol": str(protocol), "stack": title, "pairs": answers.height, **figures}


def _best(evidence: Evidence, test: Candidates, protocol: Protocol) -> Iterator[dict[str, Any]]:
    """The answer of each pair's candidate that agrees most with gold."""
    gold = {row["pair_id"]: row for row in evidence.gold[protocol].iter_rows(named=True)}
    for (own, _, pair), candidates in test.items():
        if own is protocol:
            answers = [_columns(each) for each in candidates]
            yield {"pair_id": pair, **max(answers, key=lambda answer: _agreement(answer, gold[pair]))}


def _columns(candidate: Candidate) -> dict[str, Any]:
    answer = {} if candidate.trace is None else candidate.trace.to_dict()["final_answer"]
    labels = {name: str(answer.get(name, "")) for name in ("family", "subtype", "direction", "polarity")}
    return {**labels, "confidence": 1.0, "abstain": False}


def _agreement(answer: Mapping[str, Any], gold: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    family, subtype, direction = (answer[name] == gold[name] for name in ("family", "subtype", "direction"))
    return family, family and subtype, family and subtype and direction
