"""Judge: a verdict for every candidate, and labelled steps for the process reward model."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.config import Judge
from mard.ingest.processes import map_in_order
from mard.io import read_json, sha256_file, write_json, write_lines
from mard.judge.court import VERDICT_COLUMNS, Court, Session, Summons, hear
from mard.judge.qc import JudgeBounds
from mard.judge.tally import Tally
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

SHARDS_WORTH_A_PROCESS: Final = 16
"""A process takes a second or two to start, some shards' time."""


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write verdicts, step rows and the manifest."""
    tally, frames, counted = Tally(), [], Counter[str]()

    def steps() -> Iterator[str]:
        for session in _sessions(workspace):
            tally.merge(session.tally)
            frames.append(pl.DataFrame(session.verdicts, schema=_VERDICT_COLUMNS, orient="row"))
            counted.update(different_traces=session.different, step_rows=len(session.steps))
            yield from session.steps

    write_lines(out / "steps.jsonl", steps())
    contracts.write(out, "judge/verdicts", pl.concat(frames))
    manifest = {
        "teachers": tally.to_dict(),
        "agreement": read_json(workspace.need("teach", "manifest.json"))["agreement"],
        **counted,
        "sha256": {name: sha256_file(out / name) for name in ("verdicts.parquet", "steps.jsonl")},
    }
    write_json(out / "manifest.json", manifest)
    log_run(workspace, manifest)
    accuracy = {name: own["family_accuracy"] for name, own in manifest["teachers"].items()}
    return {"step_rows": counted["step_rows"], "family_accuracy": accuracy}


def _sessions(workspace: Workspace) -> Iterator[Session]:
    """What came of each shard, in their order."""
    summons = Summons(
        workspace.need("evidence"),
        workspace.need("retrieve"),
        workspace.need("split", "teacher_subset.parquet"),
        bounds_of(workspace.params.judge),
        workspace.params.judge.steps_per_pair,
    )
    shards = sorted(workspace.need("teach", "candidates").glob("shard-*.jsonl"))
    processes = max(1, min(len(os.sched_getaffinity(0)), len(shards) // SHARDS_WORTH_A_PROCESS))
    listen = Court.convene(summons).shard if processes == 1 else partial(hear, summons)
    with Progress("judging shards") as progress:
        found = map_in_order(listen, iter(shards), processes)
        for done, session in enumerate(found, start=1):
            yield session
            progress(done, len(shards))


def bounds_of(params: Judge) -> JudgeBounds:
    """The numbers in the gates."""
    return JudgeBounds(
        params.max_summary_words, params.max_hedging, params.max_claim_words, params.sparse_citations
    )


_VERDICT_COLUMNS = {
    name: contracts.TABLES["judge/verdicts"].columns[name].dtype.type for name in VERDICT_COLUMNS
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
