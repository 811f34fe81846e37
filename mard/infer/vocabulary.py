"""A tokenizer's vocabulary as texts, in the orders in which masks look it up."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from llguidance.hf import from_tokenizer
from transformers import PreTrainedTokenizerBase

from mard.infer.automaton import QUOTE

_BEYOND = "\U0010ffff"


@dataclass(frozen=True)
class Vocabulary:
    """The texts of tokens, bytes as characters.

    Attributes:
        texts: By token; "" for a special token, which stands for no text.
        tokens: By text: a text may be several tokens'.
        ascending: Every text once.
        beginnings: Every beginning of a text.
        quoting: Texts that hold a quote.
        leaving: Texts that hold a quote, by what stands before the first.
    """

    texts: Sequence[str]
    tokens: Mapping[str, list[int]]
    ascending: Sequence[str]
    beginnings: frozenset[str]
    quoting: Sequence[str]
    leaving: Mapping[str, list[str]]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, size: int) -> Self:
        """Read a fast tokenizer; ``size`` is the width of the model's logits."""
        raw = from_tokenizer(tokenizer, n_vocab=size)
        texts = [
            "" if raw.is_special_token(token) else raw.decode_bytes([token]).decode("latin-1")
            for token in range(size)
        ]
        tokens: dict[str, list[int]] = defaultdict(list)
        for token, text in enumerate(texts):
            if text:
                tokens[text].append(token)
        ascending = sorted(tokens)
        quoting = [text for text in ascending if QUOTE in text]
        leaving: dict[str, list[str]] = defaultdict(list)
        for text in quoting:
            leaving[text.partition(QUOTE)[0]].append(text)
        beginnings = frozenset(text[:end] for text in ascending for end in range(1, len(text) + 1))
        return cls(texts, dict(tokens), ascending, beginnings, quoting, dict(leaving))

    def beginning_with(self, text: str) -> Sequence[str]:
        """Texts that begin with ``text`` and are longer."""
        first, last = bisect_left(self.ascending, text), bisect_left(self.ascending, text + _BEYOND)
        found = self.ascending[first:last]
        return found[1:] if found and found[0] == text else found
