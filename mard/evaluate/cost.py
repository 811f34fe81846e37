"""What a thousand pairs cost: traces, tokens read and written, and money where a price is set.

Tokens and not seconds: they are the same on every machine, and a throughput turns them into time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mard.config import Teacher
from mard.evaluate.statistic import UNSCORED, as_score

PAIRS: Final = 1000
MILLION: Final = 1_000_000


def teacher_cost(teacher: Teacher, counts: Mapping[str, int], pairs: int) -> dict[str, Any]:
    """A teacher's cost, from its counts in ``teach/manifest.json``; a symbolic one reads no tokens."""
    tokens = counts["prompt_tokens"], counts["completion_tokens"]
    price = tokens[0] * teacher.price_prompt + tokens[1] * teacher.price_completion
    priced = teacher.price_prompt > 0 or teacher.price_completion > 0
    return {
        "who": f"teacher {teacher.name}",
        **_per_thousand(counts["candidates"], *tokens, pairs),
        "price": as_score(price / MILLION * PAIRS / pairs) if priced else UNSCORED,
    }


def student_cost(
    protocol: str, *, pairs: int, traces: int, prompt_tokens: int, completion_tokens: int
) -> dict[str, Any]:
    """The student's cost on a protocol; a prompt is read once for all traces that continue it.

    ``pairs`` are those with a trace: unconstrained, a student may write none at all.
    """
    return {
        "who": f"student, {protocol}",
        **_per_thousand(traces, prompt_tokens, completion_tokens, pairs),
        "price": UNSCORED,
    }


def _per_thousand(traces: int, prompt_tokens: int, completion_tokens: int, pairs: int) -> dict[str, int]:
    counts = {"traces": traces, "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    return {name: round(count * PAIRS / max(1, pairs)) for name, count in counts.items()}
