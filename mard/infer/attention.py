"""Attention for decoding on a CPU: query heads that share a key-value head read it in place.

The stock implementation copies keys and values once a query head whenever there is a mask, which a
padded batch always has; on a cache of hundreds of positions the copies cost more than the attention.
"""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

NAME: Final = "grouped_sdpa"


def grouped_attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention.

    Args:
        query: [b, h, q, d], h query heads.
        key: [b, g, s, d], g key-value heads, each read by h / g query heads; ``value`` likewise.
        value: See ``key``.
        attention_mask: [b, 1, q, s], True where a query may look; None for plain causal.
        scaling: Of the scores, 1 / sqrt(d) by default.
        dropout: Of the weights.

    Returns:
        [b, q, h, d], and no weights.
    """
    out = scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=attention_mask,
        dropout_p=dropout,
        scale=scaling,
        is_causal=attention_mask is None and query.shape[2] > 1,
        enable_gqa=True,
    )
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, grouped_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)


def use_grouped_attention(model: PreTrainedModel) -> None:
    """Switch a model on a CPU to :func:`grouped_attention`; accelerators have better kernels of their own."""
    if model.device.type == "cpu":
        model.set_attn_implementation(NAME)
