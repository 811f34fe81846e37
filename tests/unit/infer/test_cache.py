from __future__ import annotations

import torch
from transformers import DynamicCache

from mard.infer.cache import ROOM, RoomyLayer, select, spread


def states(seed: int, rows: int, positions: int) -> torch.Tensor:
    """[b, h, s, d] with 2 heads of 3 channels."""
    return torch.randn(rows, 2, positions, 3, generator=torch.Generator().manual_seed(seed))


def test_a_layer_holds_what_concatenation_would() -> None:
    keys, values = states(0, 2, 4), states(1, 2, 4)
    layer = RoomyLayer(keys, values)
    for step in range(ROOM + 5):  # past the first buffer
        more = states(step, 2, 1)
        keys, values = torch.cat((keys, more), dim=2), torch.cat((values, -more), dim=2)
        shown = layer.update(more, -more)
    assert torch.equal(shown[0], keys)
    assert torch.equal(shown[1], values)
    assert layer.get_seq_length() == 4 + ROOM + 5


def test_prompts_are_spread_over_rows_and_rows_selected() -> None:
    prompts = DynamicCache()
    prompts.update(states(0, 2, 3), states(1, 2, 3), 0)
    cache = spread(prompts, torch.tensor([0, 0, 1]))
    cache.update(states(2, 3, 1), states(3, 3, 1), 0)
    select(cache, torch.tensor([0, 2]))
    expected = torch.cat((states(0, 2, 3), states(2, 3, 1)[[0, 2]]), dim=2)
    assert torch.equal(cache.layers[0].keys, expected)
