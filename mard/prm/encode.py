"""A prompt and a trace as the reward model reads them: a separator token after each step.

The trace is its own JSON, cut after every step and at the end, so that joining the segments gives
the text back; at each cut stands the separator, where the model says "+" or "-".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.errors import TokenizerError
from mard.lm.tags import single_token
from mard.lm.tokenizer import STEP, token_ids
from mard.schema import Trace

SEPARATORS: Final = {STEP: ("+", "-"), " ки": (" +", " -")}
"""Our own separator and its two answers, else those of the Math-Shepherd line of reward models: the default
seed's model card reads its answers with a space before them."""


@dataclass(frozen=True, slots=True)
class StepTokens:
    """Ids of the separator and of the two answers."""

    separator: int
    plus: int
    minus: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> StepTokens:
        """Resolve the three from a tokenizer.

        Raises:
            TokenizerError: It has no separator, or splits one of its answers.
        """
        for text, (plus, minus) in SEPARATORS.items():
            ids = token_ids(tokenizer, text)
            if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
                return cls(ids[0], single_token(tokenizer, plus), single_token(tokenizer, minus))
        raise TokenizerError(
            f"none of {tuple(SEPARATORS)} is one token in this tokenizer: it cannot mark steps"
        )


@dataclass(frozen=True, slots=True)
class EncodedTrace:
    """A prompt and a trace as token ids.

    Attributes:
        input_ids: Of both.
        separators: Where the separators are, one a step and one for the answer.
        head: Tokens of the prompt, with the one that begins a text if the tokenizer has such.
    """

    input_ids: list[int]
    separators: list[int]
    head: int

    @property
    def prompt(self) -> tuple[int, ...]:
        """Token ids of the prompt alone."""
        return tuple(self.input_ids[: self.head])

    @property
    def tail(self) -> EncodedTrace:
        """The trace alone, as it follows its prompt."""
        separators = [place - self.head for place in self.separators]
        return EncodedTrace(self.input_ids[self.head :], separators, 0)


def trace_segments(trace: Trace) -> list[str]:
    """``trace.to_json()`` cut after each step; the last segment holds summary and final answer."""
    steps = [json.dumps(asdict(step), ensure_ascii=False, separators=(",", ":")) for step in trace.steps]
    segments = [f'{{"steps":[{steps[0]}', *(f",{step}" for step in steps[1:])]
    return [*segments, trace.to_json()[sum(map(len, segments)) :]]


def encode_trace(
    tokenizer: PreTrainedTokenizerBase, tokens: StepTokens, prompt: str, trace: Trace, max_length: int
) -> EncodedTrace:
    """Tokenise; beyond ``max_length`` tokens the end of the prompt is cut, never the trace."""
    segments = [[*token_ids(tokenizer, text), tokens.separator] for text in trace_segments(trace)]
    lengths = [len(segment) for segment in segments]
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    head = [*begin, *token_ids(tokenizer, prompt)][: max(0, max_length - sum(lengths))]
    separators = [len(head) + end - 1 for end in accumulate(lengths)]
    return EncodedTrace([*head, *chain.from_iterable(segments)], separators, len(head))


@dataclass(frozen=True, slots=True)
class StepBatch:
    """Encoded traces, padded on the right: a causal model needs no attention mask for that.

    Attributes:
        input_ids: [b, s].
        rows: [n], the row of each separator of the batch, in order.
        columns: [n], its column.
    """

    input_ids: Tensor
    rows: Tensor
    columns: Tensor

    @classmethod
    def of(cls, traces: Sequence[EncodedTrace], pad: int) -> StepBatch:
        """Pad and stack."""
        width = max(len(trace.input_ids) for trace in traces)
        input_ids = torch.full((len(traces), width), pad)
        for row, trace in enumerate(traces):
            input_ids[row, : len(trace.input_ids)] = torch.tensor(trace.input_ids)
        places = [(row, column) for row, trace in enumerate(traces) for column in trace.separators]
        rows, columns = torch.tensor(places).unbind(dim=1)
        return cls(input_ids, rows, columns)

    def to(self, device: torch.device) -> StepBatch:
        """The same batch on another device."""
        return StepBatch(*(getattr(self, name).to(device) for name in self.__slots__))
