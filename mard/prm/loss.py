"""The reward model's loss: one value a trace."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def step_loss(logits: Tensor, labels: Tensor, rows: Tensor, examples: int) -> Tensor:
    """Mean cross-entropy of "+" against "-" over the separators of each trace.

    The softmax is over the two answers only, as in scoring, so that the loss trains the very p_i
    that Eq. 4 reads.

    Args:
        logits: [n, 2], of "+" and "-" at each separator of the batch.
        labels: [n], True where the step is right.
        rows: [n], the trace that each separator belongs to.
        examples: b, traces in the batch.

    Returns:
        [b]
    """
    values = functional.cross_entropy(logits.float(), (~labels).long(), reduction="none")
    sums = torch.zeros(examples, device=values.device).index_add(0, rows, values)
    counts = torch.zeros_like(sums).index_add(0, rows, torch.ones_like(values))
    return sums / counts
