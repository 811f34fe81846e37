"""Judge: a verdict for every candidate, and labelled steps for the process reward model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.config import Judge
from mard.evidence.render import render
from mard.io import read_json, sha256_file, write_json, write_jsonl
from mard.judge import qc
from mard.judge.case import Case
from mard.judge.qc import JudgeBounds, Verdict
from mard.judge.step_labels import step_labels
from mard.judge.tally import Tally
from mard.retrieve.pools import PoolStore
from mard.schema import Direction, Family, Label, Polarity, Trace
from mard.teach.candidate import Candidate, read_candidates
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

Row = dict[str, Any]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write verdicts, step rows and the manifest."""
    candidates = workspace.need("teach", "candidates")
    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    gold = labels_of(contracts.read(workspace.need("split"), "split/teacher_subset"))
    bounds, tally = bounds_of(workspace.params.judge), Tally()
    verdicts: list[Row] = []
    with Progress("judging pairs") as progress:

        def step_rows() -> Iterator[Row]:
            for done, pair in enumerate(read_candidates(candidates), start=1):
                pair_id = pair[0].pair_id
                pool = store.pool("teacher", pair_id)
                case = Case.of(pool)
                verdicts.extend(_verdicts(pair, case, gold[pair_id], bounds, tally))
                head = {"pair_id": pair_id, "part": store.part("teacher", pair_id)}
                yield from _steps(pair, head, render(pool, detail="brief"), case, gold[pair_id])
                progress(done, len(gold))

        rows = write_jsonl(out / "steps.jsonl", step_rows())
    contracts.write(out, "judge/verdicts", pl.DataFrame(verdicts, schema=_VERDICT_COLUMNS))
    manifest = {
        "teachers": tally.to_dict(),
        "agreement": read_json(workspace.need("teach", "manifest.json"))["agreement"],
        "step_rows": rows,
        "sha256": {name: sha256_file(out / name) for name in ("verdicts.parquet", "steps.jsonl")},
    }
    write_json(out / "manifest.json", manifest)
    log_run(workspace, manifest)
    accuracy = {name: own["family_accuracy"] for name, own in manifest["teachers"].items()}
    return {"step_rows": rows, "family_accuracy": accuracy}


def labels_of(subset: pl.DataFrame) -> dict[str, Label]:
    """The gold label of each pair of the teacher subset."""
    columns = ("pair_id", "family", "subtype", "direction", "polarity")
    return {
        pair_id: Label(Family(family), subtype, Direction(direction), Polarity(polarity))
        for pair_id, family, subtype, direction, polarity in subset.select(columns).iter_rows()
    }


def bounds_of(params: Judge) -> JudgeBounds:
    """The numbers in the gates."""
    return JudgeBounds(
        params.max_summary_words, params.max_hedging, params.max_claim_words, params.sparse_citations
    )


def _verdicts(
    candidates: Sequence[Candidate], case: Case, gold: Label, bounds: JudgeBounds, tally: Tally
) -> Iterator[Row]:
    for candidate in candidates:
        if candidate.trace is None:
            tally.add_invalid(candidate.teacher)
            continue
        verdict = qc.judge(candidate.trace, case, gold, bounds)
        tally.add(candidate.teacher, candidate.trace, gold, verdict)
        yield _verdict_row(candidate, candidate.trace, verdict)


def _verdict_row(candidate: Candidate, trace: Trace, verdict: Verdict) -> Row:
    answer = trace.final_answer
    return {
        "pair_id": candidate.pair_id,
        "teacher": candidate.teacher,
        "index": candidate.index,
        "tier": str(verdict.tier),
        "failed": list(verdict.failed),
        "family": str(answer.family),
        "subtype": answer.subtype,
        "direction": str(answer.direction),
        "polarity": str(answer.polarity),
        "abstain": answer.abstain,
    }


_VERDICT_COLUMNS = {
    name: column.dtype.type for name, column in contracts.TABLES["judge/verdicts"].columns.items()
}


def _steps(candidates: Sequence[Candidate], head: Row, prompt: str, case: Case, gold: Label) -> Iterator[Row]:
    """One row for each different trace of a pair, in the order of its first candidate."""
    seen: set[Trace] = set()
    for candidate in candidates:
        trace = candidate.trace
        if trace is None or trace in seen:
            continue
        seen.add(trace)
        yield {
            **head,
            "teacher": candidate.teacher,
            "index": candidate.index,
            "prompt": prompt,
            "trace": trace.to_dict(),
            "labels": list(step_labels(trace, case, gold)),
        }


def log_run(workspace: Workspace, manifest: Mapping[str, Any]) -> None:
    """One MLflow run with the manifest's numbers."""
    from tasks.tracking import tracked

    with tracked(workspace, "judge", workspace.params.judge) as run:
        run.data(workspace.need("teach", "manifest.json"), context="candidates")
        run.metrics(metrics_of(manifest["teachers"], manifest["agreement"]))


def metrics_of(teachers: Mapping[str, Any], agreement: Mapping[str, float]) -> dict[str, float]:
    """The manifest's numbers under MLflow names."""
    metrics = {f"agreement/{pair.replace('|', '-')}": share for pair, share in agreement.items()}
    for name, own in teachers.items():
        metrics |= {f"{name}/{gate}_pass_rate": rate for gate, rate in own["gate_pass_rate"].items()}
        metrics |= {f"{name}/{tier}_share": count / own["candidates"] for tier, count in own["tiers"].items()}
        if own["family_accuracy"] is not None:
            metrics[f"{name}/family_accuracy"] = own["family_accuracy"]
    return metrics


@task(
    name="judge",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def judge(workspace: Workspace) -> Summary:
    """Hold every candidate against its evidence and its label."""
    return reproduce("judge", compute, workspace)
