"""Traces from the student: batched sampling under the grammar of each pool.

Parse rate 1.0 is guaranteed, not hoped for. A trace that is still unfinished after
``max_new_tokens``, or has more words than it may, is cut after the last step that can stand and ends
with fixed words; the answer is the student's own either way.

A sample depends on the model, its prompt and its own random stream. Batches are formed from the
requests alone, so the same requests give the same traces; in another batch the same sample could
differ only where two tokens tie to the last bits of a float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedTokenizerBase

from mard.infer.attention import use_grouped_attention
from mard.infer.cache import select, spread
from mard.infer.constraint import Constraint, Reader, Shown
from mard.infer.grammar import Limits, Written, ending, whole, within
from mard.infer.odds import FamilyTokens
from mard.infer.sampling import choose, stream
from mard.label.taxonomy import load_taxonomy
from mard.lm.checkpoint import Model
from mard.lm.form import BRIEF, Form
from mard.lm.tokenizer import token_ids
from mard.schema import Pool

SHRINK_AT = 0.75
"""Share of rows still active at which the finished ones leave the batch."""


@dataclass(frozen=True, slots=True)
class Request:
    """One trace to generate.

    Attributes:
        pool: What may be cited, in the order in which the pair is asked.
        prompt: The prompt's text; requests with the same prompt share its computation.
        temperature: 0 for greedy.
        name: Names the random stream of the sample.
        opening: What the trace begins with, whatever the student would say.
    """

    pool: Pool
    prompt: str
    temperature: float
    name: str
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was generated for a request.

    Attributes:
        text: The text of a trace.
        odds: Probability of each family where the text names one (:mod:`mard.infer.odds`).
    """

    text: str
    odds: tuple[float, ...] = ()


@dataclass(slots=True)
class _Row:
    request: Request
    prompt: list[int]
    reader: Reader | None
    random: np.random.Generator
    tokens: list[int] = field(default_factory=list)
    odds: tuple[float, ...] = ()
    done: bool = False


@dataclass
class Decoder:
    """A student that answers requests with the text of traces.

    Attributes:
        model: The student in evaluation mode.
        tokenizer: Its tokenizer.
        limits: How much a trace may say.
        batch_size: Traces decoded at once.
        max_new_tokens: Tokens after which a trace is made to conclude.
        max_length: Tokens of prompt and trace; a longer prompt loses its end.
        top_p: Nucleus of the sampling.
        seed: Of all random streams.
        form: How the student is asked and answers.
    """

    model: Model
    tokenizer: PreTrainedTokenizerBase
    limits: Limits
    batch_size: int
    max_new_tokens: int
    max_length: int
    top_p: float
    seed: int
    form: Form = BRIEF

    def __post_init__(self) -> None:
        self.model.eval()
        use_grouped_attention(self.model)
        self._constraint = Constraint(self.tokenizer, self.model.config.vocab_size)
        self._end: int = self.tokenizer.eos_token_id
        self._families = FamilyTokens.of(self.tokenizer, self.form)

    def generate(
        self,
        requests: Sequence[Request],
        *,
        constrained: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[str]:
        """The text of one trace a request, in the order given; see :meth:`draw`."""
        drafts = self.draw(requests, constrained=constrained, on_progress=on_progress)
        return [draft.text for draft in drafts]

    def draw(
        self,
        requests: Sequence[Request],
        *,
        constrained: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[Draft]:
        """One trace a request, in the order given.

        Args:
            requests: What to generate.
            constrained: Without the grammar, a text may be no trace at all.
            on_progress: Called with (done, total) after each batch.
        """
        drafts = [Draft("")] * len(requests)
        done = 0
        for batch in self._batches(requests):
            rows = self._rows([requests[index] for index in batch], constrained)
            for index, draft in zip(batch, self._complete(rows), strict=True):
                drafts[index] = draft
            done += len(batch)
            if on_progress is not None:
                on_progress(done, len(requests))
        return drafts

    def _batches(self, requests: Sequence[Request]) -> Iterator[list[int]]:
        """Indices batch by batch: by length of prompt, requests with one prompt together."""
        order = sorted(
            range(len(requests)),
            key=lambda i: (len(requests[i].prompt), requests[i].prompt, requests[i].name),
        )
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]

    def _rows(self, requests: Sequence[Request], constrained: bool) -> list[_Row]:
        rows = []
        start = whole(load_taxonomy(), self.form.answer)
        for prompt, group in groupby(requests, key=lambda request: request.prompt):
            ids = token_ids(self.tokenizer, prompt)[: max(1, self.max_length - self.max_new_tokens)]
            shown: dict[tuple[str, ...], Shown] = {}  # pools may differ in what their prompt leaves out
            for request in group:
                citable = tuple(self.form.citations(request.pool))
                if citable not in shown:
                    shown[citable] = Shown.of(citable)
                reader = Reader(self._constraint, start, shown[citable]) if constrained else None
                rows.append(self._opened(_Row(request, ids, reader, stream(self.seed, request.name))))
        return rows

    def _opened(self, row: _Row) -> _Row:
        """The row with its request's opening written."""
        for token in token_ids(self.tokenizer, row.request.opening):
            _append(row, token, self._end)
        return row

    def _complete(self, rows: list[_Row]) -> list[Draft]:
        """Decode within the budget, then bring to its end what is unfinished or too long."""
        self._decode(rows, self.max_new_tokens)
        drafts = [Draft(self._text(row), row.odds) for row in rows]
        cut = {
            index: Written.of(drafts[index].text, self.limits)
            for index, row in enumerate(rows)
            if row.reader is not None and not (row.done and within(drafts[index].text, self.limits))
        }
        if cut:
            closing = {index: self._closing(rows[index], written) for index, written in cut.items()}
            self._decode([row for _, row in closing.values()], None)
            for index, (before, row) in closing.items():
                drafts[index] = Draft(before + self._text(row), row.odds or drafts[index].odds)
        return drafts

    def _closing(self, row: _Row, written: Written) -> tuple[str, _Row]:
        """All of a cut trace up to its answer, and the row that answers."""
        added, answer = ending(load_taxonomy(), written, self.form.answer)
        before = written.text + added
        reader = Reader(self._constraint, answer, Shown.of(self.form.citations(row.request.pool)))
        rest = _Row(row.request, row.prompt + token_ids(self.tokenizer, before), reader, row.random)
        return before, rest if before else self._opened(rest)

    def _text(self, row: _Row) -> str:
        text: str = self.tokenizer.decode(row.tokens, clean_up_tokenization_spaces=False)
        return text

    @torch.inference_mode()
    def _decode(self, rows: Sequence[_Row], budget: int | None) -> None:
        """Extend rows token by token until they are done, or by ``budget`` tokens."""
        active = list(rows)
        logits, cache, attention = self._prefill(active)
        count = 0
        while True:
            self._extend(active, logits)
            count += 1
            going = [index for index, row in enumerate(active) if not row.done]
            if not going or count == budget:
                return
            if len(going) <= SHRINK_AT * len(active):
                chosen = torch.tensor(going, device=attention.device)
                select(cache, chosen)
                attention, active = attention[chosen], [active[index] for index in going]
            attention = torch.cat((attention, attention.new_ones(len(active), 1)), dim=1)
            logits = self._step(active, cache, attention)

    def _prefill(self, rows: Sequence[_Row]) -> tuple[Tensor, Cache, Tensor]:
        """Run each distinct beginning once: logits [b, v], the cache of b rows, attention mask [b, s]."""
        beginnings = [(*row.prompt, *row.tokens) for row in rows]
        prompts = list(dict.fromkeys(beginnings))
        width = max(map(len, prompts))
        ids = torch.full((len(prompts), width), self.tokenizer.pad_token_id)
        attention = torch.zeros_like(ids)
        for index, prompt in enumerate(prompts):
            ids[index, width - len(prompt) :] = torch.tensor(prompt)
            attention[index, width - len(prompt) :] = 1
        ids, attention = ids.to(self.model.device), attention.to(self.model.device)
        cache = DynamicCache()
        positions = (attention.cumsum(dim=1) - 1).clamp(min=0)
        out = self.model(
            input_ids=ids,
            attention_mask=attention,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        place = {prompt: index for index, prompt in enumerate(prompts)}
        chosen = torch.tensor([place[beginning] for beginning in beginnings], device=ids.device)
        return out.logits[chosen, -1], spread(cache, chosen), attention[chosen]

    def _step(self, rows: Sequence[_Row], cache: Cache, attention: Tensor) -> Tensor:
        """Logits [b, v] after each row's last token."""
        last = torch.tensor([[row.tokens[-1]] for row in rows], device=attention.device)
        out = self.model(
            input_ids=last,
            attention_mask=attention,
            position_ids=attention.sum(dim=1, keepdim=True) - 1,
            past_key_values=cache,
            use_cache=True,
        )
        logits: Tensor = out.logits[:, -1]
        return logits

    def _extend(self, rows: Sequence[_Row], logits: Tensor) -> None:
        """Choose each active row's next token; finished rows stay as they are."""
        active = [index for index, row in enumerate(rows) if not row.done]
        own = logits[torch.tensor(active, device=logits.device)].float().cpu()
        readers = [reader for index in active if (reader := rows[index].reader) is not None]
        if readers:
            own = self._constraint.mask(own, readers)
        self._read_odds([rows[index] for index in active], own)
        temperature = torch.tensor([rows[index].request.temperature for index in active])
        draws = torch.from_numpy(np.stack([rows[index].random.random(2) for index in active]))
        for index, token in zip(active, choose(own, temperature, self.top_p, draws).tolist(), strict=True):
            _append(rows[index], token, self._end)

    def _read_odds(self, rows: Sequence[_Row], logits: Tensor) -> None:
        """Keep the odds of the families for the rows that name one now."""
        families = self._families
        if families is None:
            return
        now = [index for index, row in enumerate(rows) if row.tokens[-1:] == [families.before]]
        for index, odds in zip(now, families.odds(logits[now]) if now else (), strict=True):
            rows[index].odds = odds


def _append(row: _Row, token: int, end: int) -> None:
    if row.reader is None and token == end:
        row.done = True
        return
    row.tokens.append(token)
    if row.reader is not None:
        row.reader.consume(token)
        row.done = row.reader.is_done
