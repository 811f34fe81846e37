from __future__ import annotations

from collections import Counter
from math import exp, log
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mard.dpo.loss import dpo_values, importance_rows, weighted_values


def test_values_by_hand() -> None:
    # Margins: (-1 - -2) - (-3 - -3) = 1, and (-2 - -2) - (-1 - -4) = -3; beta 0.5.
    values = dpo_values(
        torch.tensor([-1.0, -2.0]),
        torch.tensor([-3.0, -1.0]),
        torch.tensor([-2.0, -2.0]),
        torch.tensor([-3.0, -4.0]),
        beta=0.5,
    )
    assert values.tolist() == pytest.approx([log(1 + exp(-0.5)), log(1 + exp(1.5))])


def test_equation_7_by_hand() -> None:
    # (0.5 * 1 + 0.1 * 4) / (0.5 + 0.1) = 1.5, however the two are batched.
    values, weights = torch.tensor([1.0, 4.0]), torch.tensor([0.5, 0.1])
    assert weighted_values(values, weights, 0.3).mean().item() == pytest.approx(1.5)
    one_by_one = [weighted_values(v[None], w[None], 0.3).mean() for v, w in zip(values, weights, strict=True)]
    assert torch.stack(one_by_one).mean().item() == pytest.approx(1.5)


def test_equal_weights_change_nothing_to_the_last_bit() -> None:
    values = torch.rand(7) * 3
    assert torch.equal(weighted_values(values, torch.ones(7), 1.0), values)


def test_drawing_in_proportion_to_the_weights_is_unbiased() -> None:
    values, weights = [1.0, 4.0, 2.0, 9.0], [0.5, 0.1, 0.4, 0.0]
    expected = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)  # 1.7
    draws = importance_rows(weights, 40_000, seed=1)
    mean = sum(values[index] for index in draws) / len(draws)
    spread = (
        sum(w * (v - expected) ** 2 for w, v in zip(weights, values, strict=True)) / sum(weights)
    ) ** 0.5
    assert expected == pytest.approx(1.7)
    assert abs(mean - expected) < 4 * spread / 40_000**0.5  # four standard errors
    assert Counter(draws)[3] == 0


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6))
def test_the_expected_gradient_of_a_drawn_row_is_that_of_equation_7(weights: list[float]) -> None:
    """Over evenly spaced random numbers, which stand for all of them, instead of random ones."""
    numbers = iter([(number + 0.5) / 6000 for number in range(6000)])
    with patch("random.Random.random", lambda _: next(numbers)):
        shares = Counter(importance_rows(weights, 6000, seed=1))
    chosen = torch.linspace(-3, -1, len(weights), requires_grad=True)
    values = dpo_values(chosen, torch.full_like(chosen, -2), chosen.detach() - 0.5, chosen.detach(), 0.1)
    weight = torch.tensor(weights)
    exact = weighted_values(values, weight, sum(weights) / len(weights)).mean()
    drawn = sum(values[index] * count for index, count in shares.items()) / 6000
    assert drawn.item() == pytest.approx(exact.item(), abs=2e-3)
    gradients = (torch.autograd.grad(loss, chosen, retain_graph=True)[0] for loss in (exact, drawn))
    assert torch.allclose(*gradients, atol=1e-4)


def test_draws_hang_on_the_seed() -> None:
    assert importance_rows([0.5, 0.5], 20, seed=1) == importance_rows([0.5, 0.5], 20, seed=1)
    assert importance_rows([0.5, 0.5], 20, seed=1) != importance_rows([0.5, 0.5], 20, seed=2)
