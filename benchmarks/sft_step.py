"""One SFT step with the tag KL of Eq. 5 against one without it, on the same tokens; its use of the device.

``scale`` is the length of a row over 4,096 tokens. On a CPU, or below 0.5, the model is the tiny student
of ``params.yaml`` in float32, all of it trained. From 0.5 on, where CUDA is there, it is Qwen2.5-7B with
random weights and LoRA in bf16, activations recomputed where the device has less than 100 GB.

Rows are random tokens, a quarter of them completion: a step's time does not hang on what they say.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks._step import (
    LONGEST,
    device,
    in_turns,
    is_large,
    lora,
    model_flops,
    random_model,
    recompute,
    trained,
    update,
    utilisation,
)
from mard.config import load_params
from mard.lm.checkpoint import Model, attach_lora
from mard.lm.runtime import one_thread_if_small
from mard.lm.training import Run, training_arguments
from mard.sft.dataset import IGNORED, EncodedRow, MirrorBatch, MirrorPair
from mard.sft.loss import Involution
from mard.sft.train import MirrorTrainer, collate, kept_logits
from tasks.stage import PARAMS

DEFAULT_SCALE = 0.1
PAIRS: Final = 2
ROUNDS: Final = 60
LARGE_ROUNDS: Final = 8


class WithoutKl(MirrorTrainer):
    """The same step with the likelihoods alone: what plain SFT on the twins would do."""

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *_: Any, **__: Any) -> Tensor:
        """The weighted mean of (NLL_ab + NLL_ba) / 2, and the log's terms."""
        batch = MirrorBatch(**inputs)
        logits, labels = kept_logits(model, batch).float(), batch.labels
        values = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
        nll = values.view_as(labels).sum(dim=1) / (labels != IGNORED).sum(dim=1)
        for name, values in (("nll_ab", nll[0::2]), ("nll_ba", nll[1::2])):
            self._seen[name].append(values.detach().mean())
        return (batch.weight * (nll[0::2] + nll[1::2]) / 2).mean()


def run(scale: float) -> tuple[dict[str, float | None], dict[str, Any]]:
    """The KL's overhead over steps taken in turns, and the model FLOPs a second over the device's peak."""
    large, length = is_large(scale), max(64, round(scale * LONGEST))
    model: Model = random_model(scale)
    if large:
        model = attach_lora(model, lora(scale), seed=0)
    recomputed = recompute(model)
    pairs = [mirror_pair(length, model.config.vocab_size, seed) for seed in range(1 if large else PAIRS)]
    with tempfile.TemporaryDirectory() as folder, one_thread_if_small(model):
        steps = [step(kind, model, pairs, Path(folder), large) for kind in (MirrorTrainer, WithoutKl)]
        overhead, with_kl, without = in_turns(*steps, LARGE_ROUNDS if large else ROUNDS)
        used = device()
    rows, kept = 2 * len(pairs), length // 4 + 1
    details = {
        **used,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "trained_parameters": sum(parameter.numel() for parameter in trained(model)),
        "rows": rows,
        "length": length,
        "activations_recomputed": recomputed,
        "seconds_with_kl": round(with_kl, 4),
        "seconds_without": round(without, 4),
        "tokens_per_second": round(rows * length / with_kl),
    }
    mfu = utilisation(model_flops(model, rows, length, kept), with_kl, used["bf16_peak"])
    return {"kl_overhead": overhead, "mfu": mfu}, details


def mirror_pair(length: int, vocabulary: int, seed: int) -> MirrorPair:
    """Twins of random tokens with the answer near the end; the direction's token is one of the tags."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(2):
        ids = torch.randint(4, vocabulary, (length,), generator=generator)
        ids[length - 8] = seed % 4
        places = (3 * length // 4, length - 20, length - 16, length - 12, length - 8, length)
        rows.append(EncodedRow(ids.tolist(), *places))
    return MirrorPair(f"DB{seed:05d}|DB99999", rows[0], rows[1], weight=1.0)


def step(
    kind: type[MirrorTrainer], model: Model, pairs: list[MirrorPair], work: Path, bf16: bool
) -> Callable[[], float]:
    """One update with the trainer's own loss, as the stage ``sft`` computes it."""
    run = Run(work, learning_rate=1e-5, epochs=1, batch_size=len(pairs), save_steps=1, seed=0)
    involution = Involution(torch.arange(4), torch.arange(model.config.vocab_size))
    trainer = kind(
        params=load_params(PARAMS).sft, involution=involution, model=model, args=training_arguments(run)
    )
    inputs = {name: tensor.to(model.device) for name, tensor in collate(pairs, pad=0).items()}
    return update(model, lambda: trainer.compute_loss(model, inputs), bf16=bf16)
