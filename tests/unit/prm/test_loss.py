from __future__ import annotations

from math import log

import pytest
import torch

from mard.prm.loss import step_loss


def test_mean_cross_entropy_of_each_trace_by_hand() -> None:
    # Logits log(3), log(1) give P("+") = 3/4; 0, 0 give 1/2.
    logits = torch.tensor([[log(3), 0.0], [log(3), 0.0], [0.0, 0.0]])
    labels = torch.tensor([True, False, True])
    rows = torch.tensor([0, 0, 1])
    values = step_loss(logits, labels, rows, examples=2)
    # Trace 0: (-log 3/4 - log 1/4) / 2; trace 1: -log 1/2.
    assert values.tolist() == pytest.approx([(-log(3 / 4) - log(1 / 4)) / 2, log(2)])


def test_a_trace_counts_once_however_many_steps_it_has() -> None:
    logits = torch.zeros(5, 2)
    values = step_loss(logits, torch.ones(5, dtype=torch.bool), torch.tensor([0, 0, 0, 0, 1]), examples=2)
    assert values.tolist() == pytest.approx([log(2), log(2)])
