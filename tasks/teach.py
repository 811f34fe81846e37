"""Teach: every teacher's candidate traces for the teacher subset, recorded as they come.

Each teacher is a job of its own: inside a flow a task run with its own progress, retried alone. What an
endpoint has answered is kept beyond the stage (``artifacts/.answers``), since it took time and money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.task_runners import ThreadPoolTaskRunner

from mard.config import Teach, Teacher
from mard.io import sha256_file, write_json, write_jsonl
from mard.label.taxonomy import load_taxonomy
from mard.retrieve.pools import PoolStore
from mard.teach.backend import TeacherBackend
from mard.teach.candidate import Candidate, read_candidates
from mard.teach.expense import Expense
from mard.teach.generate import (
    Plan,
    PoolOf,
    Shard,
    cut,
    digests,
    generate,
    merged,
    spent_already,
)
from mard.teach.ledger import Ledger
from mard.teach.prompts import system_prompt
from mard.teach.schedule import temperatures
from mard.teach.summary import summarize
from mard.teach.symbolic.teacher import SymbolicTeacher
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.teacher_switch import TeacherSwitch
from tasks.versioning import reproduce

RETRY_DELAYS_S: Final = [10.0, 60.0, 300.0]


@dataclass(frozen=True)
class Job:
    """One teacher's work: what it is asked, and what it has answered and cost so far."""

    teacher: TeacherBackend
    plan: Plan
    ledger: Ledger
    digest_of: Mapping[Shard, str]
    expense: Expense


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write candidates and their manifest; what a killed run has been answered is kept."""
    params = workspace.params.teach
    evidence, retrieve = workspace.need("evidence"), workspace.need("retrieve")
    store = PoolStore.open(evidence, retrieve)
    pool_of = partial(store.pool, "teacher")
    schedule = temperatures(params.temperature_low, params.temperature_high, params.candidates)
    plan = Plan(cut(store.pair_ids("teacher"), params.shard_pairs), schedule, params.seed)
    inputs = (evidence / "drugs.parquet", retrieve / "queries.parquet", retrieve / "neighbours.parquet")
    work = workspace.work("teach", fingerprint(*inputs, params))
    jobs = _jobs(params, plan, pool_of, work, workspace.artifacts / ".answers")
    run_jobs(jobs, pool_of)
    manifest = _collect(jobs, plan, out)
    log_run(workspace, manifest)
    return {name: manifest[name] for name in ("pairs", "candidates", "agreement")}


def _jobs(params: Teach, plan: Plan, pool_of: PoolOf, work: Path, kept: Path) -> list[Job]:
    asked = digests(plan, pool_of, {teacher.name: settings(teacher, params) for teacher in params.teachers})
    jobs = []
    for teacher in params.teachers:
        ledger = Ledger((work if teacher.kind == "symbolic" else kept) / teacher.name)
        expense = Expense(teacher.price_prompt, teacher.price_completion, teacher.budget)
        spent_already(ledger, asked[teacher.name], expense)
        jobs.append(Job(build_teacher(teacher, params), plan, ledger, asked[teacher.name], expense))
    return jobs


def settings(teacher: Teacher, params: Teach) -> Mapping[str, Any]:
    """What decides a teacher's answers besides the evidence; where it is served does not."""
    if teacher.kind == "symbolic":
        return {"kind": teacher.kind, "top_p": params.top_p}
    return {
        "kind": teacher.kind,
        "model": teacher.model,
        "top_p": params.top_p,
        "max_tokens": params.max_tokens,
        "repairs": teacher.repairs,
        "prompt": system_prompt(load_taxonomy()),
    }


def build_teacher(teacher: Teacher, params: Teach) -> TeacherBackend:
    """The backend of one configured teacher."""
    if teacher.kind == "symbolic":
        return SymbolicTeacher(teacher.name, params.top_p)
    from mard.teach.channel import Endpoint
    from mard.teach.client import EndpointTeacher

    endpoint = Endpoint(
        name=teacher.name,
        base_url=teacher.base_url or "",
        model=teacher.model or "",
        api_key_env=teacher.api_key_env,
        concurrency=teacher.concurrency,
        top_p=params.top_p,
        max_tokens=params.max_tokens,
        requests_per_minute=teacher.requests_per_minute,
        repairs=teacher.repairs,
    )
    return EndpointTeacher(endpoint, load_taxonomy(), is_held=TeacherSwitch(teacher.name))


def work_off(job: Job, pool_of: PoolOf) -> None:
    """Ask a teacher for all that is missing, and show how it goes."""
    with Progress(f"teacher {job.teacher.name}: candidates", before=job.expense.answers) as progress:

        def report(_: Candidate | None = None) -> None:
            progress(job.expense.answers, job.plan.candidates, note=note(job))

        report()
        generate(job.teacher, job.plan, pool_of, job.ledger, job.digest_of, job.expense, report)


def note(job: Job) -> str:
    """Tokens, money and failed requests so far, where there are any."""
    expense = job.expense
    parts = []
    if tokens := expense.prompt_tokens + expense.completion_tokens:
        parts.append(f"{tokens:,} tokens")
    if expense.spent:
        cap = "" if expense.budget is None else f" of {expense.budget:,.2f}"
        parts.append(f"{expense.spent:,.2f}{cap} spent")
    channel = getattr(job.teacher, "channel", None)
    if channel is not None and channel.requests:
        parts.append(f"{channel.failures / channel.requests:.1%} of requests failed")
    return ", ".join(parts)


def run_jobs(jobs: Sequence[Job], pool_of: PoolOf) -> None:
    """Run every teacher's job: at once as Prefect tasks inside a flow, else one after the other."""
    if FlowRunContext.get() is None:
        for job in jobs:
            work_off(job, pool_of)
        return
    teach_with = task(
        partial(work_off, pool_of=pool_of),
        name="teach_with",
        task_run_name="teach with {job.teacher.name}",
        retries=len(RETRY_DELAYS_S),
        retry_delay_seconds=RETRY_DELAYS_S,
        retry_condition_fn=worth_retrying,
        cache_policy=NO_CACHE,
    )
    with ThreadPoolTaskRunner(max_workers=len(jobs)) as runner:
        for future in [runner.submit(teach_with, {"job": job}) for job in jobs]:
            future.result()


def _collect(jobs: Sequence[Job], plan: Plan, out: Path) -> dict[str, Any]:
    """Write the shards of all teachers, and what is in them."""
    folder = out / "candidates"
    for shard in plan.shards:
        found = merged(shard, [job.ledger.read(job.digest_of[shard]) for job in jobs])
        write_jsonl(folder / shard.file_name, (candidate.to_dict() for candidate in found))
    manifest = summarize(read_candidates(folder))
    for job in jobs:
        if job.expense.spent:
            manifest["teachers"][job.teacher.name]["spent"] = round(job.expense.spent, 4)
    manifest["sha256"] = {shard.file_name: sha256_file(folder / shard.file_name) for shard in plan.shards}
    write_json(out / "manifest.json", manifest)
    return manifest


def log_run(workspace: Workspace, manifest: Mapping[str, Any]) -> None:
    """One MLflow run with the manifest's numbers."""
    from tasks.tracking import tracked

    inputs = (workspace.stage("evidence") / "manifest.json", workspace.stage("retrieve") / "manifest.json")
    with tracked(workspace, "teach", workspace.params.teach) as run:
        run.data(*(path for path in inputs if path.exists()), context="evidence")
        run.metrics(metrics_of(manifest))


def metrics_of(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The manifest's numbers under MLflow names."""
    metrics = {"pairs": manifest["pairs"], "candidates": manifest["candidates"]}
    for name, counts in manifest["teachers"].items():
        metrics[f"{name}/candidates"] = counts["candidates"]
        metrics[f"{name}/valid_share"] = counts["valid"] / counts["candidates"]
        metrics[f"{name}/tokens"] = counts["prompt_tokens"] + counts["completion_tokens"]
        if "spent" in counts:
            metrics[f"{name}/spent"] = counts["spent"]
    for pair, share in manifest["agreement"].items():
        metrics[f"agreement/{pair.replace('|', '-')}"] = share
    return {name: float(value) for name, value in metrics.items()}


@task(
    name="teach",
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def teach(workspace: Workspace) -> Summary:
    """Let every teacher reason about the teacher subset."""
    return reproduce("teach", compute, workspace)
