"""Prompts read once for all the traces that follow them.

A pair's candidates share its prompt, which is longer than any of them: with 24 traces of 130 tokens after
a prompt of 260, reading the prompt once leaves a third of the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from transformers import Cache

from mard.lm.checkpoint import Model
from mard.prm.encode import EncodedTrace


def shared_prompts(encoded: Sequence[EncodedTrace]) -> tuple[list[int], list[list[int]]]:
    """Places of traces that have a prompt for themselves, then those of each prompt that several share.

    The groups come in the order of their prompts' lengths, the longest first.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, one in enumerate(encoded):
        groups.setdefault(one.prompt, []).append(place)
    alone = [own[0] for prompt, own in groups.items() if len(own) == 1 and prompt]
    alone += groups.get((), [])
    together = [own for prompt, own in groups.items() if len(own) > 1 and prompt]
    return alone, sorted(together, key=lambda own: (-encoded[own[0]].head, own[0]))


@dataclass(frozen=True)
class PromptCache:
    """Keys and values of some prompts.

    Attributes:
        cache: One row a prompt, padded on the right to the longest.
        lengths: [g], tokens of each prompt.
    """

    cache: Cache
    lengths: Tensor

    @classmethod
    def read(cls, model: Model, prompts: Sequence[Sequence[int]], pad: int) -> Self:
        """One forward over the prompts. A causal model's states do not depend on padding to the right."""
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        input_ids = torch.full((len(prompts), int(lengths.max())), pad)
        for row, prompt in enumerate(prompts):
            input_ids[row, : len(prompt)] = torch.tensor(prompt)
        read = model(input_ids=input_ids.to(model.device), use_cache=True, logits_to_keep=1)
        return cls(read.past_key_values, lengths.to(model.device))

    def spread(self, rows: Sequence[int], width: int) -> dict[str, Any]:
        """What the model must know to go on after the prompts.

        Args:
            rows: The prompt of each of b continuations.
            width: Their padded length.

        Returns:
            The cache, [b] rows; the mask that hides its padding, [b, prompt + width]; and positions,
            [b, width], that count on from each prompt's own end.
        """
        chosen = torch.tensor(rows, device=self.lengths.device)
        layers = [copy(layer) for layer in self.cache.layers]
        cache = Cache(layers=layers)
        cache.batch_select_indices(chosen)
        ends = self.lengths[chosen].unsqueeze(1)
        room = cache.get_seq_length()
        columns = torch.arange(room + width, device=ends.device)
        return {
            "past_key_values": cache,
            "attention_mask": ((columns < ends) | (columns >= room)).long(),
            "position_ids": ends + torch.arange(width, device=ends.device),
            "use_cache": True,
        }
