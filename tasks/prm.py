"""PRM: train the process reward model on judged steps, and say how good it is on held-out pairs."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import InputError
from mard.io import read_jsonl, sha256_file, write_json
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mard.prm.corrupt import Corruptor
    from mard.prm.dataset import StepRow
    from mard.prm.evaluate import Metrics
    from mard.prm.score import Prm
    from tasks.tracking import Run


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the model, its tokenizer, its metrics beside the untrained seed's, and gate 9.

    A share of the training rows has a citation spoilt; the held-out rows are as the judges left them.
    """
    from mard.prm.dataset import divide, read_step_rows
    from tasks.tracking import tracked
    from tasks.training import check_training_rows

    params = workspace.params.prm
    steps = workspace.need("judge", "steps.jsonl")
    rows, held_out = divide(
        read_step_rows(read_jsonl(steps)),
        max_traces=params.max_traces,
        holdout_share=params.holdout_share,
        seed=params.seed,
    )
    if not rows or not held_out:
        raise InputError(
            f"judge/steps.jsonl: prm.holdout_share {params.holdout_share:g} holds out {len(held_out)} of "
            f"{len(rows) + len(held_out)} traces; both sides need some: use a larger split.subset_train, or "
            "another share"
        )
    check_training_rows(workspace, out, "prm rows", [row.pair_id for row in (*rows, *held_out)])
    corruptor = _corruptor(workspace, (*rows, *held_out))
    learnt = list(corruptor.replace_share(rows, params.corrupted_share))
    with tracked(workspace, "prm", params, work=_work(workspace), machine=True) as run:
        run.data(steps)
        metrics = _train(run, workspace, out, learnt, partial(_measured, rows=held_out, corruptor=corruptor))
    manifest = {
        "traces": {"train": len(rows), "held_out": len(held_out)},
        "pairs": {"train": _pairs(rows), "held_out": _pairs(held_out)},
        "sha256": {"judge/steps.jsonl": sha256_file(steps)},
    }
    write_json(out / "manifest.json", manifest)
    return {**manifest["traces"], **metrics["held_out"]}


def _corruptor(workspace: Workspace, rows: Sequence[StepRow]) -> Corruptor:
    from mard.judge.gold import read_gold
    from mard.prm.corrupt import Corruptor, cited
    from mard.retrieve.pools import PoolStore

    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    gold = read_gold(workspace.need("split", "teacher_subset.parquet"))
    return Corruptor(partial(store.pool, "teacher"), gold, cited(rows), workspace.params.prm.seed)


def _measured(prm: Prm, rows: Sequence[StepRow], corruptor: Corruptor) -> dict[str, Metrics]:
    from mard.prm.evaluate import evaluate_citations, evaluate_prm

    return {"held_out": evaluate_prm(prm, rows), "citations": evaluate_citations(prm, rows, corruptor)}


def _train(
    run: Run,
    workspace: Workspace,
    out: Path,
    rows: Sequence[StepRow],
    measured: Callable[[Prm], dict[str, Metrics]],
) -> dict[str, Any]:
    from mard.lm.checkpoint import save_trained
    from mard.lm.start import starting_point
    from mard.prm.dataset import prm_examples
    from mard.prm.score import Prm
    from mard.prm.train import train_prm
    from tasks.training import write_results

    student, params = workspace.params.student, workspace.params.prm
    checkpoint = student.prm_checkpoint or student.checkpoint
    start = replace(student, architecture=params.architecture or student.architecture)
    model, tokenizer = starting_point(
        start, params.lora, checkpoint=checkpoint, corpus=_corpus(rows), seed=params.seed
    )
    scorer = Prm(model, tokenizer, student.max_length)
    seed = measured(scorer)
    with Progress("training the reward model") as progress:
        history = train_prm(
            model,
            tokenizer,
            prm_examples(rows, tokenizer, student.max_length),
            params,
            work=_work(workspace),
            bf16=student.dtype == "bfloat16",
            recompute=student.gradient_checkpointing,
            on_log=run.curve,
            on_progress=progress,
        )
    save_trained(model, tokenizer, out, base=checkpoint)
    trained = measured(scorer)
    metrics = {
        **trained,
        "untrained_seed": seed["held_out"],
        "lift": lift(trained["held_out"], seed["held_out"]),
    }
    write_results(run, out, metrics, history)
    return metrics


def lift(trained: Metrics, seed: Metrics) -> dict[str, float]:
    """What training has changed, where both have a figure."""
    return {
        name: after - before
        for name in ("accuracy", "auroc", "ece")
        if (after := trained[name]) is not None and (before := seed[name]) is not None
    }


def _corpus(rows: Sequence[StepRow]) -> chain[str]:
    return chain.from_iterable((row.prompt, row.trace.to_json()) for row in rows)


def _work(workspace: Workspace) -> Path:
    params = workspace.params
    inputs = fingerprint(workspace.need("judge", "steps.jsonl"), asdict(params.prm), asdict(params.student))
    return workspace.work("prm", inputs)


def _pairs(rows: Sequence[StepRow]) -> int:
    return len({row.pair_id for row in rows})


@task(name="prm", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE)
def prm(workspace: Workspace) -> Summary:
    """Train the process reward model."""
    return reproduce("prm", compute, workspace)
