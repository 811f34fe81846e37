"""Evaluate: figures of the student and the baselines on every protocol, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.gates.leakage import GateResult, training_rows
from mard.gates.report import enforce, to_rows
from mard.io import read_json, sha256_file, write_json, write_text
from mard.schema import Part, Protocol
from tasks import contracts
from tasks.evaluation_inputs import Inputs
from tasks.progress import Progress
from tasks.report import costs, render, run_facts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.tracking import flatten, git_commit, tracked
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.evaluate.evaluation import Evaluation

GATES: Final = (
    ("gates", "report.json"),
    *((stage, "gates.json") for stage in ("retrieve", "baselines", "prm", "sft", "dpo", "infer")),
)
TRAINED: Final = ("prm", "sft", "dpo")
BYSTANDERS: Final = ("ingest", "register", "launch")
LABEL: Final = ("family", "subtype", "direction", "polarity")


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write figures, answers beside gold, tables, the report, and gate 9 of the calibration."""
    from mard.evaluate.tables import csv_tables

    inputs = Inputs(workspace)
    gates = list(check(inputs))
    enforce(gates)
    write_json(out / "gates.json", to_rows(gates))
    metrics = measure(inputs, to_rows(gates))
    write_json(out / "metrics.json", metrics)
    contracts.write(out, "evaluate/answers", answers(inputs))
    for name, text in csv_tables(metrics).items():
        write_text(out / "tables" / f"{name}.csv", text)
    write_text(out / "report.html", render(inputs, metrics))
    summary = _headline(metrics)
    hashes = {name: sha256_file(out / name) for name in ("metrics.json", "answers.parquet")}
    write_json(out / "manifest.json", {"release": metrics["release"], "headline": summary, "sha256": hashes})
    _log(workspace, metrics, out)
    return {f"{protocol} macro-F1": figures["macro_f1"] for protocol, figures in summary.items()}


def check(inputs: Inputs) -> Iterator[GateResult]:
    """Gate 9: the confidence is calibrated on val pairs."""
    for protocol in Protocol:
        val = inputs.splits[protocol].filter(pl.col("part") == Part.VAL)
        yield training_rows(f"calibration on {protocol}", inputs.val(protocol)["pair_id"].to_list(), val)


def measure(inputs: Inputs, gates: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of ``metrics.json``."""
    from mard.evaluate.protocol import evaluate_protocol

    workspace = inputs.workspace
    with Progress("measuring") as progress:
        protocols = {}
        for done, protocol in enumerate(Protocol, start=1):
            protocols[str(protocol)] = evaluate_protocol(_evaluation(inputs, protocol))
            progress(done, len(Protocol))
    inferred = read_json(workspace.need("infer", "manifest.json"))
    return {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "layers": inputs.stack["layers"],
        "final_layer": inputs.stack["final"],
        "protocols": protocols,
        "gates": [row for parts in GATES for row in read_json(workspace.need(*parts))] + gates,
        "retrieval": read_json(workspace.need("retrieve", "audit.json")),
        "training": {stage: flatten(read_json(workspace.need(stage, "metrics.json"))) for stage in TRAINED},
        "flags": inferred["flags"],
        "constraint": inferred["constraint"],
        "costs": costs(inputs),
        "facts": run_facts(inputs),
        "commit": git_commit(),
        "parameters": _parameters(workspace),
    }


def _parameters(workspace: Workspace) -> dict[str, Any]:
    """Every hyper-parameter that made the figures; where inputs lie and what ran them did not."""
    return {key: value for key, value in asdict(workspace.params).items() if key not in BYSTANDERS}


def _evaluation(inputs: Inputs, protocol: Protocol) -> Evaluation:
    from mard.evaluate import rarity
    from mard.evaluate.evaluation import Evaluation

    gold, params = inputs.gold(protocol), inputs.workspace.params.evaluate
    in_train = rarity.count_basis(protocol) == "train"
    counted = inputs.train(protocol) if in_train else inputs.splits[protocol]
    return Evaluation(
        protocol=protocol,
        gold=gold,
        predictions=inputs.test(protocol),
        val=inputs.val(protocol),
        baselines=inputs.baselines.filter(pl.col("protocol") == protocol),
        neighbours=inputs.neighbours.filter(pl.col("set") == protocol),
        candidates=inputs.drawn.filter(pl.col("protocol") == protocol),
        probes=inputs.probes.filter(pl.col("protocol") == protocol),
        labelled=inputs.splits[protocol],
        counts=rarity.rarer_count(gold, rarity.pair_counts(counted)),
        final_layer=inputs.stack["final"],
        layers=inputs.stack["layers"],
        resamples=params.bootstrap_resamples,
        bins=params.ece_bins,
        seed=params.seed,
    )


def answers(inputs: Inputs) -> pl.DataFrame:
    """Every layer's answers to the test pairs beside the true labels: what two runs are compared by."""
    tables = []
    for protocol in Protocol:
        gold = inputs.gold(protocol)
        named = gold.rename({name: f"gold_{name}" for name in LABEL})
        tables.append(inputs.test(protocol).join(named, on="pair_id", how="inner"))
    columns = list(contracts.TABLES["evaluate/answers"].columns)
    return pl.concat(tables).select(columns).sort("protocol", "layer", "ordering", "pair_id")


def _headline(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    names = ("macro_f1", "accuracy", "ths", "parse_rate", "hr")
    return {
        protocol: {name: body["student"][name] for name in names}
        for protocol, body in metrics["protocols"].items()
    }


def _log(workspace: Workspace, metrics: Mapping[str, Any], out: Path) -> None:
    """Every figure of every system, of the failures and of the probes, under the names of the tables."""
    figures: dict[str, float] = {}
    for protocol, body in metrics["protocols"].items():
        systems = {"student": body["student"], **body["layers"], **body["baselines"]}
        rows = {
            **systems,
            **{f"probe_{row['probe']}": row for row in body["probes"]},
            "regimens": body["regimens"],
            "failures": {row["failure"]: row["share"] for row in body["failures"]["classes"]},
            **{f"ece_{name}": {"ece": each["ece"]} for name, each in body["reliability"]["states"].items()},
        }
        figures |= {
            f"{protocol}/{_metric_name(row)}/{_metric_name(key)}": value
            for row, values in rows.items()
            for key, value in values.items()
            if isinstance(value, float)
        }
    with tracked(workspace, "evaluate", workspace.params.evaluate) as run:
        run.metrics(figures)
        for name in ("report.html", "metrics.json", "answers.parquet"):
            run.file(out / name)


def _metric_name(text: str) -> str:
    return text.replace("(", "").replace(")", "").replace(" ", "_")


@task(
    name="evaluate",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def evaluate(workspace: Workspace) -> Summary:
    """Every figure of section 12 on three protocols beside the baselines, and the report."""
    return reproduce("evaluate", compute, workspace)
