"""Teach: every teacher's candidate traces for the teacher subset, shard by shard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from mard.teach.generate import Shard, generate, plan, read_candidates
from mard.teach.schedule import temperatures
from mard.teach.summary import summarize
from mard.teach.symbolic.teacher import SymbolicTeacher
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.versioning import reproduce

SHARDS_AT_ONCE: Final = 2
RETRY_DELAYS_S: Final = [10.0, 60.0, 300.0]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write candidates and their manifest; shards that a killed run has finished are kept."""
    params = workspace.params.teach
    evidence, retrieve = workspace.need("evidence"), workspace.need("retrieve")
    store = PoolStore.open(evidence, retrieve)
    inputs = (evidence / "drugs.parquet", retrieve / "queries.parquet", retrieve / "neighbours.parquet")
    work = workspace.work("teach", fingerprint(*inputs, params))
    at_once = min(SHARDS_AT_ONCE, *(teacher.concurrency for teacher in params.teachers))
    teachers = [build_teacher(teacher, params, at_once) for teacher in params.teachers]
    schedule = temperatures(params.temperature_low, params.temperature_high, params.candidates)

    def teach_shard(shard: Shard) -> int:
        found = generate(
            shard, lambda pair_id: store.pool("teacher", pair_id), teachers, schedule, params.seed
        )
        return write_jsonl(work / shard.file_name, (candidate.to_dict() for candidate in found))

    shards = plan(store.pair_ids("teacher"), params.shard_pairs)
    run_shards(teach_shard, shards, work, at_once)
    manifest = _collect(shards, work, out)
    log_run(workspace, manifest)
    return {name: manifest[name] for name in ("pairs", "candidates", "agreement")}


def build_teacher(teacher: Teacher, params: Teach, at_once: int) -> TeacherBackend:
    """The backend of one configured teacher; ``at_once`` shards share an endpoint's concurrency."""
    if teacher.kind == "symbolic":
        return SymbolicTeacher(teacher.name, params.top_p)
    from mard.teach.client import Endpoint, EndpointTeacher

    endpoint = Endpoint(
        name=teacher.name,
        base_url=teacher.base_url or "",
        model=teacher.model or "",
        api_key_env=teacher.api_key_env,
        concurrency=teacher.concurrency // at_once,
        top_p=params.top_p,
        max_tokens=params.max_tokens,
    )
    return EndpointTeacher(endpoint, load_taxonomy())


def run_shards(
    teach_shard: Callable[[Shard], int], shards: Sequence[Shard], work: Path, at_once: int
) -> None:
    """Run the shards whose file is missing: as mapped Prefect tasks inside a flow, else in a loop."""
    pending = [shard for shard in shards if not (work / shard.file_name).exists()]
    total = sum(len(shard.pair_ids) for shard in shards)
    done = total - sum(len(shard.pair_ids) for shard in pending)
    with Progress("teaching pairs") as progress:
        progress(done, total)
        for shard in _finished(teach_shard, pending, at_once):
            done += len(shard.pair_ids)
            progress(done, total)


def _finished(teach_shard: Callable[[Shard], int], pending: Sequence[Shard], at_once: int) -> Iterator[Shard]:
    """Each shard when it is done, in order."""
    if FlowRunContext.get() is None:
        for shard in pending:
            teach_shard(shard)
            yield shard
        return
    mapped = task(
        teach_shard,
        name="teach_shard",
        task_run_name="teach shard {shard.number}",
        retries=len(RETRY_DELAYS_S),
        retry_delay_seconds=RETRY_DELAYS_S,
        retry_condition_fn=worth_retrying,
        cache_policy=NO_CACHE,
    )
    with ThreadPoolTaskRunner(max_workers=at_once) as runner:
        for shard, future in zip(pending, runner.map(mapped, {"shard": list(pending)}), strict=True):
            future.result()
            yield shard


def _collect(shards: Sequence[Shard], work: Path, out: Path) -> dict[str, Any]:
    """Copy the finished shards and write what is in them."""
    folder = out / "candidates"
    folder.mkdir()
    for shard in shards:
        shutil.copyfile(work / shard.file_name, folder / shard.file_name)
    manifest = summarize(read_candidates(folder))
    manifest["sha256"] = {shard.file_name: sha256_file(folder / shard.file_name) for shard in shards}
    write_json(out / "manifest.json", manifest)
    return manifest


def log_run(workspace: Workspace, manifest: Mapping[str, Any]) -> None:
    """One MLflow run with the manifest's numbers."""
    import mlflow

    from tasks.tracking import tracked

    with tracked(workspace, "teach", workspace.params.teach):
        mlflow.log_metrics(metrics_of(manifest))


def metrics_of(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The manifest's numbers under MLflow names."""
    metrics = {"pairs": manifest["pairs"], "candidates": manifest["candidates"]}
    for name, counts in manifest["teachers"].items():
        metrics[f"{name}/candidates"] = counts["candidates"]
        metrics[f"{name}/valid_share"] = counts["valid"] / counts["candidates"]
        metrics[f"{name}/tokens"] = counts["prompt_tokens"] + counts["completion_tokens"]
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
