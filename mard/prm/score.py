"""Scoring traces with a trained reward model, one forward a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from mard.lm.checkpoint import Model, load_trained
from mard.lm.runtime import one_thread_if_small
from mard.lm.tokenizer import load_tokenizer
from mard.prm.encode import EncodedTrace, StepBatch, StepTokens, encode_trace
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
        Inputs are batched by length; the result is in the order given.
        """
        tokens = StepTokens.of(self.tokenizer)
        encoded = [
            encode_trace(self.tokenizer, tokens, prompt, trace, self.max_length) for prompt, trace in items
        ]
        order = sorted(range(len(encoded)), key=lambda index: (-len(encoded[index].input_ids), index))
        scores: list[list[float]] = [[] for _ in encoded]
        self.model.eval()
        with one_thread_if_small(self.model):
            for start in range(0, len(order), batch_size):
                chosen = order[start : start + batch_size]
                for index, values in zip(chosen, self._probabilities(chosen, encoded, tokens), strict=True):
                    scores[index] = values
                if on_progress is not None:
                    on_progress(min(start + batch_size, len(order)), len(order))
        return scores

    def _probabilities(
        self, chosen: Sequence[int], encoded: Sequence[EncodedTrace], tokens: StepTokens
    ) -> list[list[float]]:
        traces = [encoded[index] for index in chosen]
        batch = StepBatch.of(traces, self.tokenizer.pad_token_id).to(self.model.device)
        with torch.inference_mode():
            logits = step_logits(self.model, batch, tokens)
        plus = logits.float().softmax(dim=-1)[:, 0].cpu()
        return [part.tolist() for part in torch.split(plus, [len(trace.separators) for trace in traces])]


def step_logits(model: nn.Module, batch: StepBatch, tokens: StepTokens) -> Tensor:
    """Logits of "+" and "-" at each separator, [n, 2]; the head runs on separator columns only."""
    kept, place = torch.unique(batch.columns, return_inverse=True)
    logits = model(input_ids=batch.input_ids, logits_to_keep=kept, use_cache=False).logits
    pair = torch.tensor([tokens.plus, tokens.minus], device=logits.device)
    picked: Tensor = logits[batch.rows, place][:, pair]
    return picked


def load_prm(folder: Path, *, max_length: int = 4096, dtype: str = "float32") -> Prm:
    """Load what the stage ``prm`` wrote."""
    return Prm(load_trained(folder, dtype), load_tokenizer(folder / "tokenizer"), max_length)
