"""SFT: train the student on consensus traces and their mirror twins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.io import read_jsonl, sha256_file, write_json
from mard.schema import Part
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.config import Student
    from mard.sft.dataset import SftExample
    from tasks.tracking import Run

    Examples = Mapping[Part, list[SftExample]]


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the student, its tokenizer, its curve, what it says of held-out pairs, and gate 9."""
    from tasks.tracking import tracked
    from tasks.training import check_training_rows

    traces = workspace.need("consensus", "traces.jsonl")
    examples = training_mix(workspace, read_examples(workspace))
    check_training_rows(workspace, out, "sft rows", [each.pair_id for each in examples[Part.TRAIN]])
    with tracked(workspace, "sft", workspace.params.sft, work=_work(workspace), machine=True) as run:
        run.data(traces)
        metrics = _train(run, workspace, out, examples)
    manifest = {
        "examples": {str(part): len(own) for part, own in examples.items()},
        "too_long": metrics["too_long"],
        "sha256": {"consensus/traces.jsonl": sha256_file(traces)},
    }
    write_json(out / "manifest.json", manifest)
    return {**manifest["examples"], **metrics["held_out"]}


def read_examples(workspace: Workspace) -> Examples:
    """Consensus traces with their pools, by part."""
    from mard.retrieve.pools import PoolStore
    from mard.schema import Trace
    from mard.sft.dataset import SftExample

    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    examples: dict[Part, list[SftExample]] = {Part.TRAIN: [], Part.VAL: [], Part.TEST: []}
    for row in read_jsonl(workspace.need("consensus", "traces.jsonl")):
        pool = store.pool("teacher", row["pair_id"])
        example = SftExample(pool, Trace.from_dict(row["trace"]), row["weight"])
        examples[Part(row["part"])].append(example)
    return examples


def training_mix(workspace: Workspace, examples: Examples) -> Examples:
    """The same with the training part as ``sft.trace_share`` and ``sft.gold_answers`` ask for it."""
    from mard.judge.gold import read_gold
    from mard.retrieve.pools import PoolStore
    from mard.sft.mixture import answers_of, mixed

    params = workspace.params.sft
    mix = mixed(examples[Part.TRAIN], params.trace_share, params.seed)
    if params.gold_answers:
        store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
        gold = read_gold(workspace.need("split", "teacher_subset.parquet"))
        pairs = store.pair_ids("teacher", Part.TRAIN)
        mix = answers_of({pair: store.pool("teacher", pair) for pair in pairs}, gold, mix)
    return {**examples, Part.TRAIN: mix}


def _train(run: Run, workspace: Workspace, out: Path, examples: Examples) -> dict[str, Any]:
    from mard.lm.checkpoint import save_trained
    from mard.lm.form import Form
    from mard.lm.start import starting_point
    from mard.sft.dataset import encode_examples, training_texts
    from mard.sft.train import evaluate_student, train_student
    from tasks.training import write_results

    student, params = workspace.params.student, workspace.params.sft
    told = {
        "identity_dropout": params.identity_dropout,
        "seed": params.seed,
        "form": Form.of(student),
    }
    model, tokenizer = starting_point(
        student,
        student.lora,
        checkpoint=student.checkpoint,
        corpus=training_texts(examples[Part.TRAIN], **told),
        seed=params.seed,
    )
    pairs = encode_examples(examples[Part.TRAIN], tokenizer, max_length=student.max_length, **told)
    held_out = encode_held_out(examples, tokenizer, student)
    untrained = evaluate_student(model, tokenizer, held_out)
    with Progress("training the student") as progress:
        history = train_student(
            model,
            tokenizer,
            pairs,
            params,
            work=_work(workspace),
            bf16=student.dtype == "bfloat16",
            recompute=student.gradient_checkpointing,
            on_log=run.curve,
            on_progress=progress,
        )
    save_trained(model, tokenizer, out, base=student.checkpoint)
    metrics = {
        "held_out": evaluate_student(model, tokenizer, held_out),
        "untrained": untrained,
        "too_long": len(examples[Part.TRAIN]) - len(pairs),
    }
    write_results(run, out, metrics, history)
    return metrics


def encode_held_out(examples: Examples, tokenizer: Any, student: Student) -> list[Any]:
    """The validation part, tokenised, names shown, every pair weighing the same."""
    from mard.lm.form import Form
    from mard.sft.dataset import encode_examples

    equal = [replace(example, audit_weight=1.0) for example in examples[Part.VAL]]
    return encode_examples(
        equal,
        tokenizer,
        max_length=student.max_length,
        identity_dropout=0.0,
        seed=0,
        form=Form.of(student),
    )


def _work(workspace: Workspace) -> Path:
    params = workspace.params
    inputs = fingerprint(
        workspace.need("consensus", "traces.jsonl"),
        workspace.need("evidence", "drugs.parquet"),
        workspace.need("retrieve", "queries.parquet"),
        workspace.need("retrieve", "neighbours.parquet"),
        workspace.need("split", "teacher_subset.parquet"),
        asdict(params.sft),
        asdict(params.student),
    )
    return workspace.work("sft", inputs)


@task(name="sft", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE)
def sft(workspace: Workspace) -> Summary:
    """Train the student."""
    return reproduce("sft", compute, workspace)
