from __future__ import annotations

import numpy as np
import pytest
import torch

from mard.infer.sampling import choose, stream

ROWS = 20_000
P = (0.5, 0.3, 0.15, 0.05)


def draw(top_p: float, temperature: float = 1.0) -> list[float]:
    """Shares of the four tokens over many rows with logits log P."""
    logits = torch.tensor(P).log().expand(ROWS, -1)
    draws = torch.from_numpy(stream(7, "test").random((ROWS, 2)))
    chosen = choose(logits, torch.full((ROWS,), temperature), top_p, draws)
    return (torch.bincount(chosen, minlength=4) / ROWS).tolist()


def test_the_nucleus_is_renormalised() -> None:
    # 0.5 + 0.3 = 0.8 reaches 0.75, so the nucleus is the first two: 0.5/0.8 and 0.3/0.8
    assert draw(top_p=0.75) == pytest.approx([0.625, 0.375, 0, 0], abs=0.015)
    # 0.8 falls short of 0.85, so the third belongs to it: 0.5/0.95, 0.3/0.95, 0.15/0.95
    assert draw(top_p=0.85) == pytest.approx([0.526, 0.316, 0.158, 0], abs=0.015)
    assert draw(top_p=1.0) == pytest.approx(P, abs=0.015)


def test_temperature_sharpens() -> None:
    # T = 1/2 squares the odds: (.25, .09, .0225, .0025) / .365
    assert draw(top_p=1.0, temperature=0.5) == pytest.approx([0.685, 0.247, 0.062, 0.007], abs=0.015)


def test_a_tiny_nucleus_and_zero_temperature_are_greedy() -> None:
    assert draw(top_p=1e-6) == [1, 0, 0, 0]
    assert draw(top_p=1.0, temperature=0.0) == [1, 0, 0, 0]


def test_a_forbidden_token_is_never_drawn_even_at_the_edges_of_the_unit_interval() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]] * 2)
    draws = torch.tensor([[0.0, 0.0], [1 - 2**-53, 1 - 2**-53]], dtype=torch.float64)
    assert choose(logits, torch.ones(2), 1.0, draws).tolist() == [1, 3]


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    assert np.array_equal(stream(1, "warm/x").random(4), stream(1, "warm/x").random(4))
    assert not np.array_equal(stream(1, "warm/x").random(4), stream(1, "warm/y").random(4))
    assert not np.array_equal(stream(1, "warm/x").random(4), stream(2, "warm/x").random(4))
