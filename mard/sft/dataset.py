"""Consensus traces as training examples: a pair, its mirror twin, and what they weigh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.io import sha256_text
from mard.lm.form import BRIEF, Form
from mard.lm.prompt import build_prompt
from mard.lm.tags import answer_positions
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from mard.schema import Family, Pool, Trace

IGNORED = -100


@dataclass(frozen=True, slots=True)
class SftExample:
    """A pair in canonical order: its pool, the trace to learn, and what that weighs.

    Attributes:
        whole: Whether the trace is learnt; else only the label of its answer, which is all it may hold.
    """

    pool: Pool
    trace: Trace
    audit_weight: float
    whole: bool = True

    @property
    def pair_id(self) -> str:
        """The pair in canonical order."""
        return str(self.pool.pair_id)


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """One ordering of a pair, tokenised: prompt, completion and, after a whole trace, end-of-sequence token.

    Attributes:
        input_ids: [s].
        completion: Index of the completion's first token; likewise final_answer, family, subtype,
            direction.
        answer_end: One past the last token of the final answer, which ends the sequence if it comes last.
    """

    input_ids: list[int]
    completion: int
    final_answer: int
    family: int
    subtype: int
    direction: int
    answer_end: int


@dataclass(frozen=True, slots=True)
class MirrorPair:
    """Both orderings of a pair, and the weight of their loss."""

    pair_id: str
    ab: EncodedRow
    ba: EncodedRow
    weight: float

    @property
    def length(self) -> int:
        """Tokens of the longer ordering."""
        return max(len(self.ab.input_ids), len(self.ba.input_ids))


def encode_examples(
    examples: Sequence[SftExample],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int,
    identity_dropout: float,
    seed: int,
    form: Form = BRIEF,
) -> list[MirrorPair]:
    """Tokenise examples and their twins; one that is longer than ``max_length`` is left out.

    Args:
        identity_dropout: Share of pairs whose names and ids are masked, in both orderings alike;
            which ones hangs on a hash of ``seed`` and the pair.
        form: How the student is asked and answers.
    """
    weights = sample_weights(examples)
    pairs = []
    for example, weight in zip(examples, weights, strict=True):
        masked = is_masked(example.pair_id, identity_dropout, seed)
        ab, ba = (
            encode_row(tokenizer, pool, trace, masked=masked, form=form, whole=example.whole)
            for pool, trace in both_orderings(example)
        )
        pair = MirrorPair(example.pair_id, ab, ba, weight)
        if pair.length <= max_length:
            pairs.append(pair)
    return pairs


def both_orderings(example: SftExample) -> tuple[tuple[Pool, Trace], tuple[Pool, Trace]]:
    """Pool and trace as they are, and their mirror image."""
    return (example.pool, example.trace), (mirror(example.pool), mirror(example.trace))


def training_texts(
    examples: Iterable[SftExample], *, identity_dropout: float, seed: int, form: Form = BRIEF
) -> Iterator[str]:
    """Prompts and completions of both orderings as they will be trained on, for a tokenizer's corpus."""
    for example in examples:
        masked = is_masked(example.pair_id, identity_dropout, seed)
        for pool, trace in both_orderings(example):
            yield form.evidence(pool, masked=masked)
            yield form.completion(trace, pool, masked=masked) if example.whole else ""


def sample_weights(examples: Sequence[SftExample]) -> list[float]:
    """Class balance, 1/sqrt(n_family) normalised to mean 1, times the audit weight."""
    families: list[Family] = [example.trace.final_answer.family for example in examples]
    sizes = Counter(families)
    balance = [sizes[family] ** -0.5 for family in families]
    scale = len(balance) / sum(balance) if balance else 1.0
    return [share * scale * example.audit_weight for share, example in zip(balance, examples, strict=True)]


def is_masked(pair_id: str, share: float, seed: int) -> bool:
    """Whether a pair is among the ``share`` whose identity is hidden."""
    return int(sha256_text(f"{seed} mask {pair_id}")[:13], 16) / 16**13 < share


def encode_row(
    tokenizer: PreTrainedTokenizerBase,
    pool: Pool,
    trace: Trace,
    *,
    masked: bool,
    form: Form = BRIEF,
    whole: bool = True,
) -> EncodedRow:
    """Tokenise one ordering; a completion that is not ``whole`` ends with its label."""
    prompt = token_ids(tokenizer, build_prompt(tokenizer, pool, masked, form))
    text = form.completion(trace, pool, masked=masked) if whole else form.answer_alone(trace, pool)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    places = answer_positions(text, encoded["offset_mapping"])
    start = len(prompt)
    input_ids = [*prompt, *encoded["input_ids"], *([tokenizer.eos_token_id] if whole else [])]
    return EncodedRow(
        input_ids,
        completion=start,
        final_answer=start + places.final_answer,
        family=start + places.family,
        subtype=start + places.subtype,
        direction=start + places.direction,
        answer_end=start + places.end if form.answer == "first" else len(input_ids),
    )


@dataclass(frozen=True, slots=True)
class MirrorBatch:
    """Twins side by side: row 2i is the AB ordering of pair i, row 2i+1 its mirror.

    Right-padded, which needs no attention mask under a causal model. Of the ``s`` positions the last
    ``k`` are kept: those from which some row's completion is predicted, and the very last.

    Attributes:
        input_ids: [2b, s].
        labels: [2b, k], the token that each kept position predicts, IGNORED outside the completion.
        share: [2b, k], what each kept position counts in its row's likelihood; a row adds up to 1.
        final_answer: [2b], kept position that predicts the final answer's first token.
        family: [2b], likewise for the family.
        subtype: [2b], likewise for the subtype.
        direction: [2b], likewise for the direction tag.
        answer_end: [2b], one past the kept position that predicts the final answer's last token.
        weight: [b].
    """

    input_ids: Tensor
    labels: Tensor
    share: Tensor
    final_answer: Tensor
    family: Tensor
    subtype: Tensor
    direction: Tensor
    answer_end: Tensor
    weight: Tensor

    @classmethod
    def of(cls, pairs: Sequence[MirrorPair], pad: int, answer_share: float | None = None) -> MirrorBatch:
        """Pad and stack.

        Args:
            pairs: The batch.
            pad: Id of the padding token.
            answer_share: Share of a trace's likelihood that falls to its final answer; None: each token
                of a completion counts the same.
        """
        rows = [row for pair in pairs for row in (pair.ab, pair.ba)]
        width = max(len(row.input_ids) for row in rows)
        first = min(row.completion for row in rows) - 1
        input_ids = torch.full((len(rows), width), pad)
        labels = torch.full((len(rows), width), IGNORED)
        share = torch.zeros(len(rows), width)
        for index, row in enumerate(rows):
            ids = torch.tensor(row.input_ids)
            input_ids[index, : len(ids)] = ids
            labels[index, row.completion - 1 : len(ids) - 1] = ids[row.completion :]
            share[index, row.completion - 1 : len(ids) - 1] = torch.tensor(_shares(row, answer_share))
        places = {
            name: torch.tensor([getattr(row, name) - 1 - first for row in rows])
            for name in ("final_answer", "family", "subtype", "direction", "answer_end")
        }
        weight = torch.tensor([pair.weight for pair in pairs])
        return cls(input_ids, labels[:, first:], share[:, first:], **places, weight=weight)

    def to(self, device: torch.device) -> MirrorBatch:
        """The same batch on another device."""
        return MirrorBatch(*(getattr(self, field.name).to(device) for field in fields(self)))


def _shares(row: EncodedRow, answer_share: float | None) -> list[float]:
    """What each token of a completion counts; a completion that is all answer has nothing to share."""
    length, answer = len(row.input_ids) - row.completion, row.answer_end - row.final_answer
    if answer_share is None or answer == length:
        return [1 / length] * length
    shares = [(1 - answer_share) / (length - answer)] * length
    start = row.final_answer - row.completion
    shares[start : start + answer] = [answer_share / answer] * answer
    return shares
