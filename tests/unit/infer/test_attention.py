from __future__ import annotations

from copy import deepcopy

import torch

from mard.infer.attention import NAME, use_grouped_attention
from tests.students import model


def test_grouped_attention_gives_the_stock_logits_with_and_without_padding() -> None:
    stock = model().eval()
    grouped = deepcopy(stock)
    use_grouped_attention(grouped)
    assert grouped.config._attn_implementation == NAME
    ids = torch.randint(0, 500, (2, 9), generator=torch.Generator().manual_seed(0))
    padded = torch.ones_like(ids)
    padded[0, :4] = 0
    with torch.inference_mode():
        for mask in (None, padded):
            expected = stock(input_ids=ids, attention_mask=mask).logits[:, 4:]
            found = grouped(input_ids=ids, attention_mask=mask).logits[:, 4:]
            torch.testing.assert_close(found, expected)
