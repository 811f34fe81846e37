"""Scoring traces with a trained reward model, one forward a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from mard.lm.checkpoint import Model, load_trained
from mard.lm.runtime import one_thread_if_small
from mard.lm.tokenizer import load_tokenizer
from mard.prm.encode import EncodedTrace, StepBatch, StepTokens, encode_trace
from mard.prm.prompt_cache import PromptCache, shared_prompts
from mard.schema import Trace


@dataclass(frozen=True)
class Prm:
    """A reward model with its tokenizer.

    Attributes:
        max_length: Longer inputs lose the end of their prompt, never part of the trace.
    """

    model: Model
    tokenizer: PreTrainedTokenizerBase
    max_length: int

    def score(
        self,
        items: Sequence[tuple[str, Trace]],
        *,
        batch_size: int = 32,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[list[float]]:
        """p_i = P("+") of each step, then of the final answer, for each (prompt, trace).

        The prompt is ``render(pool, detail="brief")`` in the trace's own order, as in training.
        One forward reads all separators of a trace, and a prompt that several traces follow is read
        once for all of them. Inputs are batched by length; the result is in the order given.
        """
        tokens = StepTokens.of(self.tokenizer)
        encoded = [
            encode_trace(self.tokenizer, tokens, prompt, trace, self.max_length) for prompt, trace in items
        ]
        scores: list[list[float]] = [[] for _ in encoded]
        done = 0
        self.model.eval()
        with one_thread_if_small(self.model), torch.inference_mode():
            for places, logits in self._read(encoded, tokens, batch_size):
                plus = logits.float().softmax(dim=-1)[:, 0].cpu()
                parts = torch.split(plus, [len(encoded[place].separators) for place in places])
                for place, part in zip(places, parts, strict=True):
                    scores[place] = part.tolist()
                done += len(places)
                if on_progress is not None:
                    on_progress(done, len(encoded))
        return scores

    def _read(
        self, encoded: Sequence[EncodedTrace], tokens: StepTokens, batch_size: int
    ) -> Iterator[tuple[list[int], Tensor]]:
        """Batches of places in ``encoded``, with the logits at their separators."""
        pad = self.tokenizer.pad_token_id
        alone, together = shared_prompts(encoded)
        for places in _batches(alone, encoded, batch_size):
            batch = StepBatch.of([encoded[place] for place in places], pad).to(self.model.device)
            yield places, step_logits(self.model, batch, tokens)
        for group in _groups(together, batch_size):
            prompts = PromptCache.read(self.model, [encoded[own[0]].prompt for own in group], pad)
            row_of = {place: row for row, own in enumerate(group) for place in own}
            for places in _batches(list(row_of), encoded, batch_size):
                batch = StepBatch.of([encoded[place].tail for place in places], pad).to(self.model.device)
                past = prompts.spread([row_of[place] for place in places], batch.input_ids.shape[1])
                yield places, step_logits(self.model, batch, tokens, **past)


def step_logits(model: nn.Module, batch: StepBatch, tokens: StepTokens, **past: Any) -> Tensor:
    """Logits of "+" and "-" at each separator, [n, 2]; the head runs on separator columns only.

    Args:
        past: What precedes the batch, as :meth:`mard.prm.prompt_cache.PromptCache.spread` gives it.
    """
    kept, place = torch.unique(batch.columns, return_inverse=True)
    given = past or {"use_cache": False}
    logits = model(input_ids=batch.input_ids, logits_to_keep=kept, **given).logits
    pair = torch.tensor([tokens.plus, tokens.minus], device=logits.device)
    picked: Tensor = logits[batch.rows, place][:, pair]
    return picked


def _batches(places: Sequence[int], encoded: Sequence[EncodedTrace], size: int) -> Iterator[list[int]]:
    """Batches of like length, the longest first."""
    order = sorted(places, key=lambda place: (-len(encoded[place].input_ids), place))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _groups(together: Sequence[list[int]], size: int) -> Iterator[list[list[int]]]:
    """Prompts to be read at once: as many as have ``size`` traces between them."""
    group: list[list[int]] = []
    for own in together:
        group.append(own)
        if sum(map(len, group)) >= size:
            yield group
            group = []
    if group:
        yield group


def load_prm(folder: Path, *, max_length: int = 4096, dtype: str = "float32") -> Prm:
    """Load what the stage ``prm`` wrote."""
    return Prm(load_trained(folder, dtype), load_tokenizer(folder / "tokenizer"), max_length)
