"""Step rows of the judge stage as training examples of the reward model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from mard.errors import InputError
from mard.io import sha256_text
from mard.prm.encode import EncodedTrace, StepTokens, encode_trace
from mard.schema import Part, Trace


@dataclass(frozen=True, slots=True)
class StepRow:
    """A judged trace: ``labels`` has one value a step and one for the final answer, True for "+"."""

    pair_id: str
    key: str
    prompt: str
    trace: Trace
    labels: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PrmExample:
    """A tokenised trace with its labels, one a separator."""

    encoded: EncodedTrace
    labels: tuple[bool, ...]


def read_step_rows(rows: Iterable[Mapping[str, Any]]) -> list[StepRow]:
    """The training part of ``judge/steps.jsonl``, decoded.

    Raises:
        InputError: A row has not one label a step and one for the answer.
    """
    return [_step_row(row) for row in rows if row["part"] == Part.TRAIN]


def _step_row(row: Mapping[str, Any]) -> StepRow:
    trace = Trace.from_dict(row["trace"])
    key = f"{row['pair_id']} {row['teacher']} {row['index']}"
    if len(row["labels"]) != len(trace.steps) + 1:
        raise InputError(
            f"step row {key}: {len(row['labels'])} labels for {len(trace.steps)} steps and an answer"
        )
    return StepRow(row["pair_id"], key, row["prompt"], trace, tuple(row["labels"]))


def divide(
    rows: Sequence[StepRow], *, max_traces: int, holdout_share: float, seed: int
) -> tuple[list[StepRow], list[StepRow]]:
    """Draw at most ``max_traces`` rows and divide them into (training, held out), whole pairs to one side.

    Both choices hang on hashes of the seed and the ids, so they do not depend on the order of rows.
    """
    drawn = sorted(rows, key=lambda row: sha256_text(f"{seed} draw {row.key}"))[:max_traces]
    held_out = {row.pair_id for row in drawn if _uniform(f"{seed} hold out {row.pair_id}") < holdout_share}
    return (
        [row for row in drawn if row.pair_id not in held_out],
        [row for row in drawn if row.pair_id in held_out],
    )


def _uniform(text: str) -> float:
    return int(sha256_text(text)[:13], 16) / 16**13


def prm_examples(
    rows: Iterable[StepRow], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[PrmExample]:
    """Tokenise rows."""
    tokens = StepTokens.of(tokenizer)
    return [
        PrmExample(encode_trace(tokenizer, tokens, row.prompt, row.trace, max_length), row.labels)
        for row in rows
    ]
