"""Training the reward model with the plain ``transformers`` trainer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, Trainer

from mard.config import Prm as PrmParams
from mard.lm.checkpoint import Model
from mard.lm.training import OnLog, OnProgress, Run, train
from mard.prm.dataset import PrmExample
from mard.prm.encode import StepBatch, StepTokens
from mard.prm.loss import step_loss
from mard.prm.score import step_logits


class PrmTrainer(Trainer):
    """A trainer whose loss is the mean of :func:`mard.prm.loss.step_loss` over the batch."""

    loss_is_scaled_for_ga = False

    def __init__(self, *, tokens: StepTokens, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tokens = tokens

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Tensor:
        """The batch's loss, a scalar."""
        batch = StepBatch(*(inputs[name] for name in StepBatch.__slots__))
        logits = step_logits(model, batch, self.tokens)
        return step_loss(logits, inputs["labels"], batch.rows, batch.input_ids.shape[0]).mean()


def train_prm(
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[PrmExample],
    params: PrmParams,
    *,
    work: Path,
    bf16: bool = False,
    recompute: bool = False,
    on_log: OnLog | None = None,
    on_progress: OnProgress | None = None,
) -> list[dict[str, float]]:
    """Train ``model`` in place; return its curve. A killed run is taken up from ``work``."""
    run = Run(
        work=work,
        learning_rate=params.learning_rate,
        epochs=params.epochs,
        batch_size=params.batch_size,
        save_steps=params.save_steps,
        seed=params.seed,
        bf16=bf16,
        recompute=recompute,
    )
    pad = tokenizer.pad_token_id
    return train(
        partial(PrmTrainer, tokens=StepTokens.of(tokenizer)),
        model,
        examples,
        [len(example.encoded.input_ids) for example in examples],
        run,
        collate=lambda chosen: collate(chosen, pad),
        on_log=on_log,
        on_progress=on_progress,
    )


def collate(examples: Sequence[PrmExample], pad: int) -> dict[str, Tensor]:
    """A :class:`StepBatch` as a dictionary, and ``labels`` [n] in the order of its separators."""
    batch = StepBatch.of([example.encoded for example in examples], pad)
    labels = torch.tensor([label for example in examples for label in example.labels])
    return {name: getattr(batch, name) for name in StepBatch.__slots__} | {"labels": labels}
