"""Token masks from grammars: which tokens may follow, for every row of a batch at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch
from llguidance import LLExecutor, LLMatcher
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask_par
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.errors import TokenizerError


class Constraint:
    """Compiles grammars for one tokenizer and masks logits by them.

    Args:
        tokenizer: A fast tokenizer.
        vocab_size: Width of the model's logits, at least the tokenizer's size.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocab_size: int) -> None:
        self._tokens = from_tokenizer(tokenizer, n_vocab=vocab_size)
        self._vocab_size = vocab_size
        self._executor = LLExecutor(os.cpu_count() or 1)

    def matcher(self, grammar: str) -> LLMatcher:
        """A matcher at the start of a Lark grammar; ``deep_copy`` it for rows that share the grammar.

        Raises:
            TokenizerError: The grammar cannot be compiled for this tokenizer.
        """
        matcher = LLMatcher(self._tokens, LLMatcher.grammar_from_lark(grammar))
        if matcher.is_error():
            raise TokenizerError(f"no constraint for this tokenizer: {matcher.get_error().splitlines()[0]}")
        return matcher

    def mask(self, logits: Tensor, matchers: Sequence[LLMatcher]) -> Tensor:
        """Logits [b, v] with -inf where row i's matcher allows no such token."""
        bits = allocate_token_bitmask(len(matchers), self._vocab_size)
        fill_next_token_bitmask_par(self._executor, [(each, row) for row, each in enumerate(matchers)], bits)
        allowed = np.unpackbits(bits.view(np.uint8), axis=1, count=self._vocab_size, bitorder="little")
        return logits.masked_fill(torch.from_numpy(allowed) == 0, -torch.inf)
