"""One step of PRM-weighted DPO against one of TRL's stock trainer, and what weights of 1 change: nothing.

``scale`` is the length of a row over 4,096 tokens, as in ``sft_step``: the tiny student of
``params.yaml`` on a CPU or below 0.5, else Qwen2.5-7B with random weights in bf16; LoRA on either.

Both trainers start from the same weights and see the same rows of random tokens. With every weight 1
their losses are compared at each of several updates, before anything is rounded; then the steps are
timed in turns.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

from benchmarks._step import (
    LONGEST,
    device,
    in_turns,
    is_large,
    lora,
    random_model,
    recompute,
    trained,
    update,
)
from mard.dpo.train import no_mapping_bars
from mard.dpo.trainer import WeightedCollator, WeightedDPOTrainer
from mard.lm.checkpoint import lora_config
from mard.lm.runtime import one_thread_if_small, quiet
from mard.lm.training import Run, training_arguments

DEFAULT_SCALE = 0.05
PAIRS: Final = 2
COMPARED: Final = 6
ROUNDS: Final = 60
LARGE_ROUNDS: Final = 8
WORDS: Final = 1000
PAD: Final = "<pad>"
END: Final = "<end>"


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """The weighted step's time over the stock one's, and the largest difference between their losses."""
    large, length = is_large(scale), max(64, round(scale * LONGEST))
    pairs = 1 if large else PAIRS
    rows = Dataset.from_list(preferences(pairs * COMPARED, length))
    with tempfile.TemporaryDirectory() as folder:
        ours, stock = (trainer(weighted, scale, rows, pairs, Path(folder)) for weighted in (True, False))
        recomputed = recompute(ours.model) and recompute(stock.model)
        with one_thread_if_small(ours.model):
            steps = [
                update(each.model, losses(each), bf16=large, learning_rate=1e-3) for each in (ours, stock)
            ]
            differences = [abs(steps[0]() - steps[1]()) for _ in range(COMPARED)]
            overhead, weighted_s, stock_s = in_turns(*steps, LARGE_ROUNDS if large else ROUNDS)
            used = device()
    details = {
        **used,
        "trl": trl.__version__,
        "trained_parameters": sum(parameter.numel() for parameter in trained(ours.model)),
        "rows": 2 * pairs,
        "length": length,
        "activations_recomputed": recomputed,
        "updates_compared": COMPARED,
        "seconds_weighted": round(weighted_s, 4),
        "seconds_stock": round(stock_s, 4),
        "tokens_per_second": round(2 * pairs * length / weighted_s),
    }
    return {"weight_overhead": overhead, "max_abs_loss_difference_at_unit_weight": max(differences)}, details


def preferences(count: int, length: int) -> list[dict[str, Any]]:
    """Rows of random words, one token each: three quarters prompt, the answers differ in their last words."""
    draw = random.Random(0)
    found = []
    for _ in range(count):
        words = [f"w{draw.randrange(WORDS)}" for _ in range(length - 1)]  # and the end
        start, other = 3 * length // 4, [f"w{draw.randrange(WORDS)}" for _ in range(8)]
        texts = [*words[:start], ""], words[start:], [*words[start:-8], *other]
        row = {
            name: " ".join(text) for name, text in zip(("prompt", "chosen", "rejected"), texts, strict=True)
        }
        found.append(row | {"weight": 1.0})
    return found


def trainer(weighted: bool, scale: float, rows: Dataset, pairs: int, work: Path) -> DPOTrainer:
    """Ours or TRL's own, over the same fresh adapter on the same random model."""
    arguments = training_arguments(
        Run(work, learning_rate=1e-3, epochs=1, batch_size=pairs, save_steps=1, seed=0),
        DPOConfig,
        beta=0.1,
        max_length=None,
        remove_unused_columns=True,
    )
    own = tokenizer()
    shared = {
        "model": random_model(scale),
        "args": arguments,
        "train_dataset": rows,
        "processing_class": own,
        "peft_config": lora_config(lora(scale)),
    }
    with quiet(), no_mapping_bars():
        if not weighted:
            return DPOTrainer(**shared)
        collator = WeightedCollator(pad_token_id=own.pad_token_id)
        return WeightedDPOTrainer(mean_weight=1.0, data_collator=collator, **shared)


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a word."""
    words = (PAD, END, *(f"w{number}" for number in range(WORDS)))
    backend = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=PAD))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=PAD, eos_token=END)


def losses(own: DPOTrainer) -> Callable[[], Tensor]:
    """The trainer's loss on one batch after another, round and round."""
    batches: Iterator[dict[str, Any]] = cycle(list(own.get_train_dataloader()))

    def loss() -> Tensor:
        with quiet():
            value: Tensor = own.compute_loss(own.model, own._prepare_inputs(next(batches)))
        return value

    return loss
