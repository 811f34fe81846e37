"""The order in which a training run sees its examples, fixed before it starts."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import chain
from typing import Final

WINDOW_BATCHES: Final = 16


def schedule(lengths: Sequence[int], *, epochs: float, batch: int, seed: int) -> list[int]:
    """Indices of the examples in training order: shuffled epochs, cut into batches of similar length.

    Since the order is a list, a resumed run takes it up where a killed one stopped, whatever the
    trainer's own sampler would do. Every batch is full: the last one borrows from a further epoch.

    Args:
        lengths: Tokens of each example.
        epochs: Passes over the examples, not necessarily whole.
        batch: Examples an update (over accumulation steps and processes).
        seed: Of the shuffles.

    Raises:
        ValueError: There are no examples.
    """
    if not lengths:
        raise ValueError("nothing to train on: there are no examples")
    generator = random.Random(seed)
    wanted = math.ceil(epochs * len(lengths) / batch) * batch
    order: list[int] = []
    while len(order) < wanted:
        epoch = list(range(len(lengths)))
        generator.shuffle(epoch)
        order += epoch
    window = WINDOW_BATCHES * batch
    windows = (order[start : min(start + window, wanted)] for start in range(0, wanted, window))
    return list(chain.from_iterable(_bucket(part, lengths, batch, generator) for part in windows))


def share(batch: int, accumulation: int, processes: int) -> tuple[int, int]:
    """A process's part of an update: items a micro-batch, and micro-batches.

    Whole micro-batches are dealt out first, since that keeps their size; then they are cut.

    Raises:
        ValueError: The update cannot be shared equally.
    """
    dealt = math.gcd(accumulation, processes)
    cut, rest = divmod(batch, processes // dealt)
    if rest:
        raise ValueError(
            f"{processes} processes cannot share {accumulation} micro-batches of {batch} equally"
        )
    return cut, accumulation // dealt


def _bucket(
    indices: Sequence[int], lengths: Sequence[int], batch: int, generator: random.Random
) -> list[int]:
    ranked = sorted(indices, key=lambda index: lengths[index])
    batches = [ranked[start : start + batch] for start in range(0, len(ranked), batch)]
    generator.shuffle(batches)
    return list(chain.from_iterable(batches))
