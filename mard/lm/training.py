"""A training run that a kill can interrupt without changing its result.

The order of examples is fixed beforehand (:mod:`mard.lm.schedule`), checkpoints go to a work folder,
and a run that finds one there takes up the same curve and ends in the same weights, to the byte on a
CPU, as a run that was never disturbed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from mard.errors import TrainingDiverged
from mard.lm.runtime import one_thread_if_small, processes, quiet, reproducible
from mard.lm.schedule import schedule, share

OnLog = Callable[[dict[str, float], int], None]
OnProgress = Callable[[int, int], None]
A = TypeVar("A", bound=TrainingArguments)
E = TypeVar("E")

LOG_EVERY: Final = 5
_NOT_A_METRIC: Final = ("step", "epoch", "total_flos", "num_tokens")
_CHECKPOINT: Final = "checkpoint-"


@dataclass(frozen=True)
class Run:
    """How to train, whatever is trained.

    Attributes:
        work: Folder for checkpoints; it survives a killed process.
        epochs: Passes over the examples, not necessarily whole.
        batch_size: Dataset items a micro-batch.
        accumulation: Micro-batches an update; several processes share them.
        warmup_share: Share of the updates over which the rate rises from 0; it falls to 0 along a cosine.
        save_steps: Updates between checkpoints.
        seed: Of every random choice.
        bf16: Train in bfloat16 autocast.
        recompute: Compute activations again on the way back instead of keeping them.
    """

    work: Path
    learning_rate: float
    epochs: float
    batch_size: int
    save_steps: int
    seed: int
    accumulation: int = 1
    warmup_share: float = 0.0
    bf16: bool = False
    recompute: bool = False


def training_arguments(run: Run, kind: type[A] = TrainingArguments, **more: Any) -> A:
    """Arguments for one pass over a scheduled dataset: AdamW, cosine, no reports, checkpoints in ``work``.

    A log point falls on every checkpoint, so no average spans the point where a run is taken up.
    """
    batch_size, accumulation = share(run.batch_size, run.accumulation, processes())
    arguments: A = kind(
        output_dir=str(run.work),
        num_train_epochs=1,
        learning_rate=run.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=run.warmup_share,
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=accumulation,
        train_sampling_strategy="sequential",
        remove_unused_columns=more.pop("remove_unused_columns", False),
        logging_steps=math.gcd(run.save_steps, LOG_EVERY),
        logging_first_step=True,
        logging_nan_inf_filter=False,
        save_steps=run.save_steps,
        save_total_limit=2,
        bf16=run.bf16,
        activation_checkpointing=run.recompute,
        activation_checkpointing_kwargs={"use_reentrant": False} if run.recompute else None,
        use_cpu=not torch.cuda.is_available(),
        ddp_find_unused_parameters=False,
        seed=run.seed,
        data_seed=run.seed,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        **more,
    )
    return arguments


def train(
    kind: Callable[..., Trainer],
    model: nn.Module,
    examples: Sequence[E],
    lengths: Sequence[int],
    run: Run,
    *,
    collate: Callable[[Sequence[E]], Any],
    on_log: OnLog | None = None,
    on_progress: OnProgress | None = None,
) -> list[dict[str, float]]:
    """Train ``model`` in place on ``examples`` in their scheduled order; return the curve, as :func:`fit`.

    Args:
        kind: The trainer, which knows the loss.
        lengths: Tokens of each example.
        collate: Examples to the batch that the trainer takes.
    """
    order = schedule(lengths, epochs=run.epochs, batch=run.batch_size * run.accumulation, seed=run.seed)
    trainer = kind(
        model=model,
        args=training_arguments(run),
        train_dataset=[examples[index] for index in order],
        data_collator=collate,
    )
    return fit(trainer, on_log=on_log, on_progress=on_progress)


def fit(
    trainer: Trainer, *, on_log: OnLog | None = None, on_progress: OnProgress | None = None
) -> list[dict[str, float]]:
    """Train to the end, from the last complete checkpoint if there is one; return the whole curve.

    Args:
        on_log: Called with (metrics, step) at each log point; on a resumed run first with the points
            before the checkpoint, so that a listener that starts afresh has the whole curve too.
        on_progress: Called with (steps done, steps in all) after each step.

    Raises:
        TrainingDiverged: The loss is no longer a finite number.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(_Reporter(on_log, on_progress))
    checkpoint = last_checkpoint(Path(trainer.args.output_dir))
    with quiet(), one_thread_if_small(trainer.model), reproducible(trainer.args.seed):
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return [
        {"step": entry["step"], **metrics(entry)} for entry in trainer.state.log_history if "loss" in entry
    ]


def last_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint in ``work`` that was written to its end (the trainer's state comes last)."""
    found = sorted(work.glob(f"{_CHECKPOINT}*"), key=lambda path: int(path.name.removeprefix(_CHECKPOINT)))
    return next((path for path in reversed(found) if _complete(path)), None)


def _complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True


def metrics(entry: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a log entry, without counters, in an order that a resumed run has too."""
    return {key: float(entry[key]) for key in sorted(entry) if key not in _NOT_A_METRIC}


class _Reporter(TrainerCallback):
    """Passes log points and progress on, and stops a run whose loss is not finite."""

    def __init__(self, on_log: OnLog | None, on_progress: OnProgress | None) -> None:
        self._log = on_log
        self._progress = on_progress

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        for entry in state.log_history:
            self._pass_on(entry, entry["step"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._progress is not None:
            self._progress(state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self._pass_on(logs or {}, state.global_step)

    def _pass_on(self, entry: Mapping[str, Any], step: int) -> None:
        if "loss" not in entry:
            return
        if not math.isfinite(entry["loss"]):
            raise TrainingDiverged(step, entry["loss"])
        if self._log is not None:
            self._log(metrics(entry), step)
