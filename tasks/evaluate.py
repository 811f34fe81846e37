"""Evaluate: figures of the student and the baselines on every protocol, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import InputError
from mard.io import read_json, read_jsonl, sha256_file, write_json, write_text
from mard.schema import Direction, Family, Label, Part, Polarity, Protocol, Trace
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.tracking import flatten, git_commit, tracked
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.evaluate.protocol import Evaluation
    from mard.evaluate.report.traces import Names, WorkedTrace

GATES: Final = (
    ("gates", "report.json"),
    *((stage, "gates.json") for stage in ("retrieve", "baselines", "prm", "sft", "dpo", "infer")),
)
TRAINED: Final = ("prm", "sft", "dpo")


@dataclass(frozen=True)
class Inputs:
    """Tables of earlier stages, read once and checked against their contracts."""

    workspace: Workspace

    @cached_property
    def manifest(self) -> pl.DataFrame:
        """Test pairs of the evaluated size, by protocol."""
        table = contracts.read(self.workspace.need("split"), "split/eval")
        size = self.workspace.params.infer.manifest_size
        return table.filter((pl.col("part") == Part.TEST) & (pl.col("size") == size))

    @cached_property
    def splits(self) -> dict[Protocol, pl.DataFrame]:
        """All labelled pairs with their part, by protocol."""
        folder = self.workspace.need("split")
        return {protocol: contracts.read(folder, f"split/{protocol}") for protocol in Protocol}

    @cached_property
    def predictions(self) -> pl.DataFrame:
        """Test rows of the student's answers."""
        table = contracts.read(self.workspace.need("infer"), "infer/predictions")
        return table.filter(pl.col("part") == Part.TEST)

    @cached_property
    def baselines(self) -> pl.DataFrame:
        """Every baseline's answers on test pairs."""
        table = contracts.read(self.workspace.need("baselines"), "baselines/predictions")
        confidence = pl.max_horizontal("^p_.*$").cast(pl.Float64)
        return table.filter(pl.col("part") == Part.TEST).with_columns(confidence=confidence)

    @cached_property
    def stack(self) -> dict[str, Any]:
        """Names of the layers and of the final one."""
        found: dict[str, Any] = read_json(self.workspace.need("infer", "stack.json"))
        return found

    @cached_property
    def drugs(self) -> pl.DataFrame:
        """Evidence by drug."""
        return contracts.read(self.workspace.need("evidence"), "evidence/drugs")

    def gold(self, protocol: Protocol) -> pl.DataFrame:
        """Labelled test pairs of a protocol's manifest, sorted.

        Raises:
            InputError: There are none.
        """
        wanted = self.manifest.filter(pl.col("protocol") == protocol).select("pair_id")
        if wanted.is_empty():
            size = self.workspace.params.infer.manifest_size
            raise InputError(
                f"split/eval.parquet has no {protocol} test pairs of size {size}; run the stage 'split' "
                "again with this infer.manifest_size, or on a larger release"
            )
        return self.splits[protocol].join(wanted, on="pair_id", how="semi").drop("part").sort("pair_id")

    def train(self, protocol: Protocol) -> pl.DataFrame:
        """A protocol's train part."""
        return self.splits[protocol].filter(pl.col("part") == Part.TRAIN)


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write figures, tables and the report."""
    from mard.evaluate.tables import csv_tables

    inputs = Inputs(workspace)
    metrics = measure(inputs)
    write_json(out / "metrics.json", metrics)
    for name, text in csv_tables(metrics).items():
        write_text(out / "tables" / f"{name}.csv", text)
    write_text(out / "report.html", render(inputs, metrics))
    summary = _headline(metrics)
    hashes = {"metrics.json": sha256_file(out / "metrics.json")}
    write_json(out / "manifest.json", {"release": metrics["release"], "headline": summary, "sha256": hashes})
    _log(workspace, metrics, out)
    return {f"{protocol} macro-F1": figures["macro_f1"] for protocol, figures in summary.items()}


def measure(inputs: Inputs) -> dict[str, Any]:
    """The content of ``metrics.json``."""
    from mard.evaluate.protocol import evaluate_protocol

    workspace = inputs.workspace
    with Progress("measuring") as progress:
        protocols = {}
        for done, protocol in enumerate(Protocol, start=1):
            protocols[str(protocol)] = evaluate_protocol(_evaluation(inputs, protocol))
            progress(done, len(Protocol))
    return {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "layers": inputs.stack["layers"],
        "final_layer": inputs.stack["final"],
        "protocols": protocols,
        "gates": [row for parts in GATES for row in read_json(workspace.need(*parts))],
        "retrieval": read_json(workspace.need("retrieve", "audit.json")),
        "training": {stage: flatten(read_json(workspace.need(stage, "metrics.json"))) for stage in TRAINED},
    }


def _evaluation(inputs: Inputs, protocol: Protocol) -> Evaluation:
    from mard.evaluate import rarity
    from mard.evaluate.protocol import Evaluation

    gold, params = inputs.gold(protocol), inputs.workspace.params.evaluate
    in_train = rarity.count_basis(protocol) == "train"
    counted = inputs.train(protocol) if in_train else inputs.splits[protocol]
    return Evaluation(
        protocol=protocol,
        gold=gold,
        predictions=inputs.predictions.filter(pl.col("protocol") == protocol),
        baselines=inputs.baselines.filter(pl.col("protocol") == protocol),
        counts=rarity.rarer_count(gold, rarity.pair_counts(counted)),
        final_layer=inputs.stack["final"],
        layers=inputs.stack["layers"],
        resamples=params.bootstrap_resamples,
        bins=params.ece_bins,
        seed=params.seed,
    )


# --- report ---------------------------------------------------------------------------------------


def render(inputs: Inputs, metrics: Mapping[str, Any]) -> str:
    """The report as one HTML page."""
    from mard.evaluate.report.page import Report, render_page
    from mard.evaluate.report.traces import choose

    workspace = inputs.workspace
    report = Report(
        metrics=metrics,
        facts=run_facts(inputs, metrics["release"]),
        histories={stage: _history(workspace, stage) for stage in TRAINED},
        traces=choose(student_traces(inputs), workspace.params.evaluate.worked_traces),
        names=_names(inputs),
        commit=git_commit(),
    )
    return render_page(report)


def run_facts(inputs: Inputs, release: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the run was, for the head of the report."""
    workspace, params = inputs.workspace, inputs.workspace.params
    winners = read_json(workspace.need("consensus", "manifest.json"))["counts"]["winners"]
    corpus, shape = inputs.splits[Protocol.WARM], params.student.architecture
    drugs = pl.concat([corpus["drug_a"], corpus["drug_b"]]).n_unique()
    student = params.student.checkpoint or (
        f"{shape.num_hidden_layers} layers of width {shape.hidden_size}, from scratch" if shape else ""
    )
    teachers = ", ".join(teacher.name for teacher in params.teach.teachers)
    samples = f"{params.infer.samples_warm} (warm), {params.infer.samples_cold} (cold)"
    return [
        ("Release", f"{release['file']}, version {release['version']}, exported {release['exported_on']}"),
        ("SHA-256 of the release", release["sha256"][:16] + "…"),
        ("Corpus", f"{corpus.height:,} labelled pairs of {drugs:,} drugs"),
        ("Teachers", f"{teachers}; {params.teach.candidates} candidates a pair and teacher"),
        ("Training traces", f"{winners:,}, one a pair"),
        ("Student", student),
        ("Mirror loss", f"λ {params.sft.kl_weight:g} over the {params.sft.kl_scope}"),
        ("Preference training", f"β {params.dpo.beta:g}, {params.dpo.backend} PRM weights"),
        ("Inference", f"{samples} samples; {' → '.join(params.infer.stack) or 'greedy'}"),
        ("Uncertainty", f"{params.evaluate.bootstrap_resamples:,} resamples, seed {params.evaluate.seed}"),
    ]  # fmt: skip


def student_traces(inputs: Inputs) -> list[WorkedTrace]:
    """The trace behind each final answer on a test pair, in the order of protocols and pairs."""
    from mard.retrieve.pools import PoolStore

    workspace = inputs.workspace
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    final = inputs.predictions.filter(
        (pl.col("layer") == inputs.stack["final"]) & (pl.col("ordering") == "ab") & pl.col("parsed")
    )
    answers = {(row["protocol"], row["pair_id"]): row for row in final.iter_rows(named=True)}
    gold = {
        (str(protocol), row["pair_id"]): _label(row)
        for protocol in Protocol
        for row in inputs.gold(protocol).iter_rows(named=True)
    }
    rows = read_jsonl(workspace.need("infer", "candidates.jsonl"))
    found = []
    for key, own in groupby(rows, key=lambda row: (row["protocol"], row["pair_id"])):
        traces = [row for row in own if row["trace"] is not None]
        if key in answers and key in gold and traces:
            found.append(_worked(store, key, traces, answers[key], gold[key]))
    return found


def _worked(
    store: Any,
    key: tuple[str, str],
    candidates: Sequence[Mapping[str, Any]],
    answer: Mapping[str, Any],
    gold: Label,
) -> WorkedTrace:
    from mard.evaluate.report.traces import WorkedTrace

    best = min(candidates, key=lambda row: _distance(row, answer))
    return WorkedTrace(
        protocol=key[0],
        pool=store.pool(*key),
        trace=Trace.from_dict(best["trace"]),
        step_scores=tuple(best["step_scores"]),
        answer=_label(answer),
        abstain=answer["abstain"],
        confidence=answer["confidence"],
        gold=gold,
    )


def _distance(candidate: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[float, bool]:
    """How far a candidate is from being the one that the final layer chose: by Phi, then by family."""
    family = candidate["trace"]["final_answer"]["family"]
    return abs(candidate["phi"] - (answer["phi"] or 0.0)), family != answer["family"]


def _label(row: Mapping[str, Any]) -> Label:
    return Label(
        Family(row["family"]), row["subtype"], Direction(row["direction"]), Polarity(row["polarity"])
    )


def _names(inputs: Inputs) -> Names:
    from mard.evaluate.report.traces import Names

    proteins = contracts.read(inputs.workspace.need("ingest"), "ingest/proteins").filter(pl.col("gene") != "")
    genes = proteins.sort("uniprot", "gene").unique("uniprot", keep="first").select("uniprot", "gene")
    return Names(dict(inputs.drugs.select("drug_id", "name").iter_rows()), dict(genes.iter_rows()))


def _history(workspace: Workspace, stage: str) -> list[dict[str, Any]]:
    path = workspace.stage(stage) / "history.jsonl"
    return list(read_jsonl(path)) if path.exists() else []


# --- what is reported elsewhere -------------------------------------------------------------------


def _headline(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    names = ("macro_f1", "accuracy", "ths", "parse_rate", "hr")
    return {
        protocol: {name: body["student"][name] for name in names}
        for protocol, body in metrics["protocols"].items()
    }


def _log(workspace: Workspace, metrics: Mapping[str, Any], out: Path) -> None:
    figures = {}
    for protocol, body in metrics["protocols"].items():
        systems = {"student": body["student"], "greedy": body["layers"]["greedy"], **body["baselines"]}
        for name, values in systems.items():
            row = name.replace("(", "").replace(")", "").replace(" ", "_")
            figures |= {
                f"{protocol}/{row}/{key}": value for key, value in values.items() if isinstance(value, float)
            }
    with tracked(workspace, "evaluate", workspace.params.evaluate) as run:
        run.metrics(figures)
        run.file(out / "report.html")
        run.file(out / "metrics.json")


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
