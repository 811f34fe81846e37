"""Training the student on mirror pairs with a ``transformers`` trainer whose loss is Eq. 5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, Trainer

from mard.config import Sft
from mard.lm.checkpoint import Model
from mard.lm.training import OnLog, OnProgress, Run, train
from mard.sft.dataset import MirrorBatch, MirrorPair
from mard.sft.loss import (
    Involution,
    MirrorLoss,
    Scope,
    mirror_loss,
    tag_agreement,
    tag_logits,
    word_agreement,
)


class MirrorTrainer(Trainer):
    """A trainer whose loss is the weighted mean of Eq. 5 over the pairs of a batch."""

    loss_is_scaled_for_ga = False

    def __init__(self, *, params: Sft, involution: Involution, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.params = params
        self.involution = involution.to(self.args.device)
        self._seen: defaultdict[str, list[Tensor]] = defaultdict(list)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Tensor:
        """The batch's loss, a scalar."""
        batch = MirrorBatch(**inputs)
        terms = mirror_loss(
            kept_logits(model, batch),
            batch,
            self.involution,
            self.params.kl_scope,
            subtype=self.params.subtype_kl_weight > 0,
        )
        for name in ("nll_ab", "nll_ba", "kl"):
            self._seen[name].append(getattr(terms, name).detach().mean())
        values = terms.total(self.params.kl_weight, self.params.subtype_kl_weight)
        return (batch.weight * values).mean()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the terms' means since the last log point, over all processes."""
        terms = {
            name: self.accelerator.reduce(torch.stack(values).mean(), "mean").item()
            for name, values in self._seen.items()
        }
        self._seen.clear()
        super().log({**logs, **terms}, start_time)


def kept_logits(model: nn.Module, batch: MirrorBatch) -> Tensor:
    """Logits at the batch's kept positions only, [2b, k, v]: prompts need no output head."""
    kept = batch.labels.shape[1]
    logits: Tensor = model(input_ids=batch.input_ids, logits_to_keep=kept, use_cache=False).logits
    return logits


def train_student(
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[MirrorPair],
    params: Sft,
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
        batch_size=params.batch_pairs,
        accumulation=params.accumulation,
        warmup_share=params.warmup_share,
        save_steps=params.save_steps,
        seed=params.seed,
        bf16=bf16,
        recompute=recompute,
    )
    involution = Involution.of(tokenizer, model.config.vocab_size)
    pad = tokenizer.pad_token_id
    return train(
        partial(MirrorTrainer, params=params, involution=involution),
        model,
        pairs,
        [pair.length for pair in pairs],
        run,
        collate=lambda chosen: collate(chosen, pad, params.answer_share),
        on_log=on_log,
        on_progress=on_progress,
    )


def collate(pairs: Sequence[MirrorPair], pad: int, answer_share: float | None = None) -> dict[str, Tensor]:
    """A :class:`MirrorBatch` as a dictionary, which is what the trainer moves to the device."""
    batch = MirrorBatch.of(pairs, pad, answer_share)
    return {field.name: getattr(batch, field.name) for field in fields(batch)}


@torch.inference_mode()
def evaluate_student(
    model: Model,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[MirrorPair],
    *,
    scope: Scope = "tag",
    batch_pairs: int = 16,
) -> dict[str, float]:
    """Means over held-out pairs, the right trace given up to where the answer's words are said.

    ``nll`` and ``kl`` are those of Eq. 5, ``mirror_error`` and ``mirror_distance`` those of
    :func:`tag_agreement`; ``family_`` and ``subtype_`` precede those of :func:`word_agreement` at the
    first token of the family and of the subtype, which the mirror leaves as they are.

    Raises:
        ValueError: There are no pairs.
    """
    if not pairs:
        raise ValueError("no held-out pairs to evaluate on")
    model.eval()
    involution = Involution.of(tokenizer, model.config.vocab_size).to(model.device)
    seen: defaultdict[str, list[Tensor]] = defaultdict(list)
    ranked = sorted(pairs, key=lambda pair: (pair.length, pair.pair_id))
    for start in range(0, len(ranked), batch_pairs):
        batch = MirrorBatch.of(ranked[start : start + batch_pairs], tokenizer.pad_token_id).to(model.device)
        for name, values in _held_out_values(model, batch, involution, scope).items():
            seen[name].append(values)
    return {name: torch.cat(values).double().mean().item() for name, values in seen.items()}


def _held_out_values(
    model: Model, batch: MirrorBatch, involution: Involution, scope: Scope
) -> dict[str, Tensor]:
    logits = kept_logits(model, batch)
    terms: MirrorLoss = mirror_loss(logits, batch, involution, scope)
    words = {
        f"{place}_{name}": values
        for place in ("family", "subtype")
        for name, values in word_agreement(logits, getattr(batch, place), involution).items()
    }
    ab, ba = tag_logits(logits, batch, involution)
    said = batch.labels[0::2].gather(1, batch.direction[0::2, None])
    gold = (said == involution.tags).int().argmax(dim=1)
    agreement = tag_agreement(ab, ba, gold)
    return {
        "nll": (terms.nll_ab + terms.nll_ba) / 2,
        "kl": terms.kl,
        "direction_accuracy": agreement["correct"],
        "mirror_error": agreement["mirror_error"],
        "mirror_distance": agreement["mirror_distance"],
        **words,
    }
