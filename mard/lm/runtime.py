"""The process's settings while a model runs: threads, seeds, determinism, quiet libraries.

Each is a context that restores what it found, so importing or calling the method changes nothing
for the rest of the process.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import nn
from torch.utils import deterministic
from transformers import set_seed
from transformers.utils import logging

_DETERMINISM: Any = deterministic  # its flag is a property that type checkers do not see

SMALL_MODEL: Final = 20_000_000
"""Parameters below which one thread beats several on a CPU: at 1 M parameters and 16 rows of 400
tokens a training step took 0.9 s on one thread and 3.0 s on two of two shared cores. A fixed count
also makes float sums, and so trained weights, the same on every machine size."""


def processes() -> int:
    """How many processes train together, as ``torchrun`` and ``accelerate launch`` say it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def one_thread_if_small(model: nn.Module) -> Iterator[None]:
    """Run small models on one CPU thread."""
    before = torch.get_num_threads()
    if sum(parameter.numel() for parameter in model.parameters()) < SMALL_MODEL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed every generator; on a CPU, also refuse operations without a deterministic form.

    Memory that an operation leaves unread need not be filled for that: filling it costs 7 % of a step.
    """
    before = torch.are_deterministic_algorithms_enabled(), _DETERMINISM.fill_uninitialized_memory
    set_seed(seed)
    torch.use_deterministic_algorithms(not torch.cuda.is_available())
    _DETERMINISM.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        _DETERMINISM.fill_uninitialized_memory = before[1]


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars from transformers: progress is reported by callbacks.

    Nor the warnings that PEFT and TRL use names that transformers has renamed.
    """
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`\w*gradient_checkpointing\w*` is deprecated", FutureWarning)
            yield
    finally:
        if shown:
            logging.enable_progress_bar()
