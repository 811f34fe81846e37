"""Training a LoRA adapter over the student on weighted preferences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from datasets.utils.logging import disable_progress_bar, enable_progress_bar
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from mard.config import Dpo, Lora
from mard.dpo.dataset import PreferenceRow
from mard.dpo.loss import importance_rows
from mard.dpo.trainer import WeightedCollator, WeightedDPOTrainer, check_trainer
from mard.errors import IncompatibleTrainer, InputError
from mard.lm.checkpoint import Model, lora_config
from mard.lm.runtime import quiet
from mard.lm.schedule import schedule
from mard.lm.training import OnLog, OnProgress, Run, fit, training_arguments


@dataclass(frozen=True, slots=True)
class Trained:
    """What :func:`train_preferences` returns.

    Attributes:
        model: The student with its new adapter.
        history: The curve.
        weighted: False where every preference counted the same: it was wanted, or an unknown trainer was
            accepted.
    """

    model: Model
    history: list[dict[str, float]]
    weighted: bool


def train_preferences(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[PreferenceRow],
    params: Dpo,
    lora: Lora,
    *,
    work: Path,
    bf16: bool = False,
    recompute: bool = False,
    on_log: OnLog | None = None,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Train a fresh adapter; the reference is the same model with the adapter disabled.

    ``exact`` weighs each example's loss (Eq. 7). ``importance`` draws rows in proportion to their
    weight and trains on the plain loss, which has the same expectation. Unless ``params.weighted``, the
    stock trainer sees every row, those without weight too. A killed run is taken up from ``work``.

    Raises:
        IncompatibleTrainer: The installed TRL is not known, and the fallback is ``error``.
        InputError: There is no preference, or none of positive weight.
    """
    counted = [row for row in rows if row.weight > 0 or not params.weighted]
    if not counted:
        raise InputError(_why_none(rows))
    exact = params.weighted and params.backend == "exact" and _exact_is_possible(params)
    drawn = params.weighted and params.backend == "importance"
    run = Run(
        work=work,
        learning_rate=params.learning_rate,
        epochs=params.epochs,
        batch_size=params.batch_size,
        accumulation=params.accumulation,
        save_steps=params.save_steps,
        seed=params.seed,
        bf16=bf16,
        recompute=recompute,
    )
    arguments = training_arguments(
        run,
        DPOConfig,
        beta=params.beta,
        max_length=None,
        remove_unused_columns=True,
    )
    trainer = _trainer(
        _drawn(counted, params) if drawn else counted,
        params,
        exact=exact,
        model=model,
        args=arguments,
        processing_class=tokenizer,
        peft_config=lora_config(lora),
    )
    history = fit(trainer, on_log=on_log, on_progress=on_progress)
    return Trained(trainer.model, history, weighted=exact or drawn)


def _why_none(rows: Sequence[PreferenceRow]) -> str:
    if rows:
        return "no preference has a positive weight: the reward model prefers no winner"
    return "no preference to train on: see dpo.hard_negatives, dpo.symmetry_pairs and student.max_length"


def _exact_is_possible(params: Dpo) -> bool:
    try:
        check_trainer()
    except IncompatibleTrainer:
        if params.prm_weight_fallback == "error":
            raise
        return False
    return True


def _drawn(rows: Sequence[PreferenceRow], params: Dpo) -> list[PreferenceRow]:
    """As many draws as there are rows, in proportion to their weights."""
    return [rows[index] for index in importance_rows([row.weight for row in rows], len(rows), params.seed)]


def _trainer(rows: Sequence[PreferenceRow], params: Dpo, *, exact: bool, **arguments: Any) -> DPOTrainer:
    """The weighted trainer for the exact backend, the stock one otherwise, over the scheduled rows."""
    order = schedule(
        [len(row.prompt) + len(row.chosen) for row in rows],
        epochs=params.epochs,
        batch=params.batch_size * params.accumulation,
        seed=params.seed,
    )
    with quiet(), no_mapping_bars():
        dataset = Dataset.from_list([asdict(rows[index]) for index in order])
        if not exact:
            return DPOTrainer(train_dataset=dataset, **arguments)
        pad = arguments["processing_class"].pad_token_id
        return WeightedDPOTrainer(
            mean_weight=sum(row.weight for row in rows) / len(rows),
            train_dataset=dataset,
            data_collator=WeightedCollator(pad_token_id=pad),
            **arguments,
        )


@contextmanager
def no_mapping_bars() -> Iterator[None]:
    """No progress bars where TRL tokenises the rows."""
    disable_progress_bar()
    try:
        yield
    finally:
        enable_progress_bar()
