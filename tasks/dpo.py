"""DPO: an adapter over the student that prefers the better trace, by how much the reward model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.io import read_jsonl, sha256_file, write_json, write_jsonl
from mard.schema import Part
from tasks.progress import Progress
from tasks.sft import encode_held_out, read_examples
from tasks.stage import Summary, Workspace, fingerprint, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.dpo.preferences import Preference, ScoredTrace
    from mard.retrieve.pools import PoolStore
    from tasks.tracking import Run


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the adapter, its curve, the preferences with their weights, and gate 9."""
    from mard.retrieve.pools import PoolStore
    from tasks.tracking import tracked
    from tasks.training import check_training_rows

    store = PoolStore.open(workspace.need("evidence"), workspace.need("retrieve"))
    preferences = _preferences(workspace, store)
    check_training_rows(workspace, out, "preference rows", [each.pair_id for each in preferences])
    file = out / "preferences.jsonl"
    write_jsonl(file, map(_row, preferences))
    with tracked(workspace, "dpo", workspace.params.dpo, work=_work(workspace), machine=True) as run:
        run.data(file)
        metrics = _train(run, workspace, out, store, preferences)
    manifest = {
        "preferences": metrics["preferences"],
        "weighted": metrics["weighted"],
        "sha256": {"preferences.jsonl": sha256_file(file)},
    }
    write_json(out / "manifest.json", manifest)
    return {"pairs": len(preferences), "mean_weight": metrics["mean_weight"], **metrics["held_out"]}


def _preferences(workspace: Workspace, store: PoolStore) -> list[Preference]:
    """Both kinds of preferences from the training part, every trace scored."""
    from mard.dpo.dataset import score_losers
    from mard.dpo.preferences import Kind, build_preferences
    from mard.judge.gold import read_gold
    from mard.label.taxonomy import load_taxonomy
    from mard.prm.reward import trace_score
    from mard.prm.score import load_prm

    params, student = workspace.params.dpo, workspace.params.student
    winners, candidates = _traces(workspace)
    symmetry = [Kind.SYMMETRY] if params.symmetry_pairs else []
    preferences = build_preferences(
        winners,
        candidates,
        read_gold(workspace.need("split", "teacher_subset.parquet")),
        load_taxonomy(),
        kinds=[*symmetry, *map(Kind, params.hard_negatives)],
        max_pairs=params.max_pairs,
        seed=params.seed,
    )
    prm = load_prm(workspace.need("prm"), max_length=student.max_length, dtype=student.dtype)
    with Progress("scoring losing traces") as progress:
        return score_losers(
            preferences,
            prm,
            lambda pair_id: store.pool("teacher", pair_id),
            phi=trace_score(workspace.params.prm.aggregate, workspace.params.prm.epsilon),
            batch_size=workspace.params.consensus.score_batch_size,
            on_progress=progress,
        )


def _traces(
    workspace: Workspace,
) -> tuple[dict[str, ScoredTrace], dict[str, list[ScoredTrace]]]:
    """The winner of each training pair, and all its scored candidates."""
    winners = {
        row["pair_id"]: _scored(row)
        for row in read_jsonl(workspace.need("consensus", "traces.jsonl"))
        if row["part"] == Part.TRAIN
    }
    candidates: dict[str, list[ScoredTrace]] = {pair_id: [] for pair_id in winners}
    for row in read_jsonl(workspace.need("consensus", "scored.jsonl")):
        if row["pair_id"] in candidates:
            candidates[row["pair_id"]].append(_scored(row))
    return winners, candidates


def _scored(row: Mapping[str, Any]) -> ScoredTrace:
    from mard.dpo.preferences import ScoredTrace
    from mard.schema import Trace

    return ScoredTrace(Trace.from_dict(row["trace"]), row["phi"])


def _row(preference: Preference) -> dict[str, Any]:
    return {**asdict(preference), "kind": str(preference.kind), "weight": preference.weight}


def _train(
    run: Run, workspace: Workspace, out: Path, store: PoolStore, preferences: Sequence[Preference]
) -> dict[str, Any]:
    from peft import PeftModel

    from mard.dpo.dataset import preference_rows
    from mard.dpo.train import train_preferences
    from mard.lm.checkpoint import load_trained, save_adapter
    from mard.lm.form import Form
    from mard.lm.tokenizer import load_tokenizer
    from mard.sft.train import evaluate_student
    from tasks.training import write_results

    student, params = workspace.params.student, workspace.params.dpo
    folder = workspace.need("sft")
    tokenizer = load_tokenizer(folder / "tokenizer")
    base = load_trained(folder, student.dtype)
    if isinstance(base, PeftModel):
        base = base.merge_and_unload()
    rows = preference_rows(
        preferences,
        tokenizer,
        lambda pair_id: store.pool("teacher", pair_id),
        max_length=student.max_length,
        seed=params.seed,
        form=Form.of(student),
    )
    with Progress("preferring the better trace") as progress:
        trained = train_preferences(
            base,
            tokenizer,
            rows,
            params,
            student.lora,
            work=_work(workspace),
            bf16=student.dtype == "bfloat16",
            recompute=student.gradient_checkpointing,
            on_log=run.curve,
            on_progress=progress,
        )
    save_adapter(trained.model, out / "adapter")
    held_out = encode_held_out(read_examples(workspace), tokenizer, student)
    metrics = {
        "held_out": evaluate_student(trained.model, tokenizer, held_out),
        "preferences": dict(sorted(Counter(str(each.kind) for each in preferences).items())),
        "mean_weight": fmean(each.weight for each in preferences),
        "zero_weights": sum(each.weight == 0 for each in preferences),
        "too_long": len(preferences) - len(rows),
        "weighted": trained.weighted,
    }
    write_results(run, out, metrics, trained.history)
    return metrics


def _work(workspace: Workspace) -> Path:
    params = workspace.params
    inputs = fingerprint(
        workspace.need("consensus", "traces.jsonl"),
        workspace.need("consensus", "scored.jsonl"),
        workspace.need("prm"),
        workspace.need("sft"),
        asdict(params.dpo),
        asdict(params.student),
    )
    return workspace.work("dpo", inputs)


@task(name="dpo", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE)
def dpo(workspace: Workspace) -> Summary:
    """Train the preference adapter."""
    return reproduce("dpo", compute, workspace)
