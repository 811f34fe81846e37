"""Choosing the next token: greedy, or from the nucleus by a random stream of the row's own."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor


def stream(seed: int, *names: object) -> np.random.Generator:
    """The random stream of one sample. It depends on its name alone, not on what else is in the batch."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def choose(logits: Tensor, temperature: Tensor, top_p: float, draws: Tensor) -> Tensor:
    """The next token of each row.

    Draws from the whole distribution and keeps a token of the nucleus, the smallest set of most
    probable tokens whose mass reaches ``top_p``; only rows that missed it are sorted and drawn
    again. That is the nucleus' distribution exactly, and cheaper than sorting every row.

    Args:
        logits: [b, v], -inf where a token is forbidden.
        temperature: [b]; 0 takes the most probable token.
        top_p: Mass of the nucleus, in (0, 1].
        draws: [b, 2], float64, uniform in [0, 1).

    Returns:
        [b] token ids.
    """
    greedy = temperature == 0
    scaled = logits / torch.where(greedy, 1.0, temperature)[:, None]
    p = scaled.double().softmax(dim=-1)
    picked = _inverse_cdf(p, draws[:, 0])
    above = (p * (p > p.gather(1, picked[:, None]))).sum(dim=-1)
    missed = ((above >= top_p) & ~greedy).nonzero()[:, 0]
    if len(missed):
        picked[missed] = _inverse_cdf(_nucleus(p[missed], top_p), draws[missed, 1])
    return torch.where(greedy, logits.argmax(dim=-1), picked)


def _inverse_cdf(weights: Tensor, draws: Tensor) -> Tensor:
    """[b, v] non-negative weights and [b] draws to [b] columns; a column of weight 0 is never drawn."""
    cdf = weights.cumsum(dim=-1)
    target = draws[:, None] * cdf[:, -1:]
    return torch.searchsorted(cdf, target, right=True)[:, 0]


def _nucleus(p: Tensor, top_p: float) -> Tensor:
    """[b, v] probabilities with 0 outside the nucleus; tokens as probable as its last one belong to it."""
    ordered = p.sort(dim=-1, descending=True).values
    before = ordered.cumsum(dim=-1) - ordered
    last = (before < top_p).sum(dim=-1, keepdim=True) - 1
    return p * (p >= ordered.gather(1, last.clamp(min=0)))
