"""What a student learns besides whole traces: answers alone.

**Decision** a pair that no teacher explained rightly is still taught, by its gold label alone. Without
these pairs a student sees only such queries as retrieval led its teachers right on, and learns to repeat
the neighbours' vote. This needs a student that answers first: a label is then the beginning of a trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from mard.io import sha256_text
from mard.schema import FinalAnswer, Label, Pool, Trace
from mard.sft.dataset import SftExample

FULL_WEIGHT: Final = 1.0
UNKNOWN_CONFIDENCE: Final = 0.0
"""Never read: an answer alone ends before its confidence."""


def mixed(examples: Iterable[SftExample], trace_share: float, seed: int) -> list[SftExample]:
    """The examples, of which only ``trace_share``, by a hash of seed and pair, are learnt whole."""
    return [replace(each, whole=_uniform(each.pair_id, seed) < trace_share) for each in examples]


def answers_of(
    pools: Mapping[str, Pool], gold: Mapping[str, Label], examples: Iterable[SftExample]
) -> list[SftExample]:
    """Every pool's pair once: its trace where that is whole and right, else its gold label alone.

    Args:
        pools: Of all training pairs, in canonical order.
        gold: Their labels.
        examples: What has a consensus trace.
    """
    right = {
        each.pair_id: each
        for each in examples
        if each.whole and each.trace.final_answer.label == gold[each.pair_id]
    }
    return [
        right.get(pair_id) or SftExample(pool, _bare(gold[pair_id]), FULL_WEIGHT, whole=False)
        for pair_id, pool in pools.items()
    ]


def _bare(label: Label) -> Trace:
    answer = FinalAnswer(
        label.family, label.subtype, label.direction, label.polarity, UNKNOWN_CONFIDENCE, abstain=False
    )
    return Trace((), "", answer)


def _uniform(pair_id: str, seed: int) -> float:
    return int(sha256_text(f"{seed} trace {pair_id}")[:13], 16) / 16**13
