"""What the report shows beside the figures: what the run was, training curves, worked traces, names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from mard.io import read_json, read_jsonl
from mard.schema import Direction, Family, Label, Part, Polarity, Protocol, Trace
from tasks import contracts
from tasks.evaluation_inputs import Inputs
from tasks.stage import Workspace
from tasks.tracking import git_commit

if TYPE_CHECKING:
    from mard.evaluate.report.traces import Names, WorkedTrace


def render(inputs: Inputs, metrics: Mapping[str, Any]) -> str:
    """The report as one HTML page."""
    from mard.evaluate.report.page import Report, render_page
    from mard.evaluate.report.traces import choose

    workspace = inputs.workspace
    report = Report(
        metrics=metrics,
        facts=list(metrics["facts"].items()),
        histories={stage: _history(workspace, stage) for stage in metrics["training"]},
        traces=choose(student_traces(inputs), workspace.params.evaluate.worked_traces),
        names=_names(inputs),
        commit=git_commit(),
    )
    return render_page(report)


def run_facts(inputs: Inputs) -> dict[str, str]:
    """What the run was, for the head of the report, and for runs to be told apart by."""
    workspace, params = inputs.workspace, inputs.workspace.params
    release = read_json(workspace.need("ingest", "manifest.json"))["release"]
    winners = read_json(workspace.need("consensus", "manifest.json"))["counts"]["winners"]
    corpus, shape = inputs.splits[Protocol.WARM], params.student.architecture
    drugs = pl.concat([corpus["drug_a"], corpus["drug_b"]]).n_unique()
    student = params.student.checkpoint or (
        f"{shape.num_hidden_layers} layers of width {shape.hidden_size}, from scratch" if shape else ""
    )
    teachers = ", ".join(teacher.name for teacher in params.teach.teachers)
    drawn = params.infer.samples_warm, params.infer.samples_cold
    samples = f"{drawn[0]} (warm), {drawn[1]} (cold) samples" if any(drawn) else "greedy in both orders"
    more = params.infer.proposals
    proposals = f", traces for {more} more {'family' if more == 1 else 'families'}" if more else ""
    shares = params.retrieve.regime_shares
    shown = read_json(workspace.need("retrieve", "manifest.json"))
    chosen = "the nearest" if shown.get("sharpness") is None else "in proportion to the vote of all pairs"
    retrieval = (
        f"{shown['k']} neighbours, {chosen}; training imitates warm {shares.warm:g}, "
        f"drug-cold {shares.drug_cold:g}, pair-cold {shares.pair_cold:g}"
    )
    seeds = f"SFT {params.sft.seed}, DPO {params.dpo.seed}, sampling {params.infer.seed}"
    weights = f"{params.dpo.backend} PRM weights" if params.dpo.weighted else "unweighted"
    hidden = f"{params.sft.identity_dropout:g} of the pairs"
    return {
        "Release": f"{release['file']}, version {release['version']}, exported {release['exported_on']}",
        "SHA-256 of the release": release["sha256"][:16] + "…",
        "Corpus": f"{corpus.height:,} labelled pairs of {drugs:,} drugs",
        "Teachers": f"{teachers}; {params.teach.candidates} candidates a pair and teacher",
        "Training traces": f"{winners:,}, one a pair",
        "Retrieval": retrieval if shown["k"] else "none: no prompt shows a neighbour",
        "Student": student,
        "Mirror loss": f"λ {params.sft.kl_weight:g} over the {params.sft.kl_scope}",
        "Preference training": f"β {params.dpo.beta:g}, {weights}",
        "Names hidden in training": hidden,
        "Seeds": seeds,
        "Inference": f"{samples}{proposals}; {' → '.join(params.infer.stack) or 'greedy'}",
        "Uncertainty": f"{params.evaluate.bootstrap_resamples:,} resamples, seed {params.evaluate.seed}",
    }  # fmt: skip


def student_traces(inputs: Inputs) -> list[WorkedTrace]:
    """The trace behind each final answer on a test pair, in the order of protocols and pairs."""
    from mard.retrieve.pools import PoolStore

    workspace = inputs.workspace
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    final = inputs.predictions.filter(
        (pl.col("part") == Part.TEST)
        & (pl.col("layer") == inputs.stack["final"])
        & (pl.col("ordering") == "ab")
        & pl.col("parsed")
    )
    answers = {(row["protocol"], row["pair_id"]): row for row in final.iter_rows(named=True)}
    gold = {
        (str(protocol), row["pair_id"]): _label(row)
        for protocol in Protocol
        for row in inputs.gold(protocol).iter_rows(named=True)
    }
    found = []
    for key, own in groupby(inputs.candidates(), key=lambda row: (row["protocol"], row["pair_id"])):
        if key in answers and key in gold:
            found.append(_worked(store, key, list(own), answers[key], gold[key]))
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


def costs(inputs: Inputs) -> list[dict[str, Any]]:
    """Tokens of a thousand pairs, by teacher, and by protocol for the student."""
    from mard.evaluate.cost import student_cost, teacher_cost

    workspace = inputs.workspace
    taught = read_json(workspace.need("teach", "manifest.json"))
    rows = [
        teacher_cost(teacher, taught["teachers"][teacher.name], taught["pairs"])
        for teacher in workspace.params.teach.teachers
    ]
    return rows + [student_cost(str(protocol), **counts) for protocol, counts in _tokens(inputs).items()]


def _tokens(inputs: Inputs) -> dict[Protocol, dict[str, int]]:
    """What the student read and wrote for test pairs: two prompts a pair, and every trace."""
    from mard.lm.form import Form
    from mard.lm.prompt import build_prompt
    from mard.lm.tokenizer import load_tokenizer, token_ids
    from mard.mirror import mirror
    from mard.retrieve.pools import PoolStore

    workspace = inputs.workspace
    form = Form.of(workspace.params.student)
    tokenizer = load_tokenizer(workspace.need("sft", "tokenizer"))
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    counts = {
        protocol: dict.fromkeys(("pairs", "traces", "prompt_tokens", "completion_tokens"), 0)
        for protocol in Protocol
    }
    for (protocol, pair), own in groupby(
        inputs.candidates(), key=lambda row: (row["protocol"], row["pair_id"])
    ):
        found, pool = counts[Protocol(protocol)], store.pool(protocol, pair)
        traces = [form.completion(Trace.from_dict(row["trace"]), pool) for row in own]
        prompts = [build_prompt(tokenizer, each, form=form) for each in (pool, mirror(pool))]
        found["pairs"] += 1
        found["traces"] += len(traces)
        found["prompt_tokens"] += sum(len(token_ids(tokenizer, text)) for text in prompts)
        found["completion_tokens"] += sum(len(token_ids(tokenizer, text)) for text in traces)
    return counts
