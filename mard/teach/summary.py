"""What the teachers did, in numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from mard.schema import Family
from mard.teach.candidate import Candidate

Vote = Family | None


def summarize(pairs: Iterable[Sequence[Candidate]]) -> dict[str, Any]:
    """Counts per teacher, and how often two teachers' majority families agree.

    Args:
        pairs: The candidates of each pair.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    agreed: Counter[tuple[str, str]] = Counter()
    number = 0
    for number, candidates in enumerate(pairs, start=1):  # noqa: B007
        for candidate in candidates:
            counts[candidate.teacher].update(_counts(candidate))
        majorities = majority_families(candidates)
        agreed.update(
            pair for pair in combinations(sorted(majorities), 2) if majorities[pair[0]] is majorities[pair[1]]
        )
    return {
        "pairs": number,
        "candidates": sum(count["candidates"] for count in counts.values()),
        "teachers": {name: dict(sorted(count.items())) for name, count in sorted(counts.items())},
        "agreement": {
            f"{first}|{second}": round(agreed[first, second] / number, 4)
            for first, second in combinations(sorted(counts), 2)
        },
    }


def majority_families(candidates: Iterable[Candidate]) -> dict[str, Vote]:
    """Each teacher's most frequent family (None: abstention), ties by name; teachers without a trace miss."""
    votes: dict[str, Counter[Vote]] = defaultdict(Counter)
    for candidate in candidates:
        if candidate.trace is not None:
            answer = candidate.trace.final_answer
            votes[candidate.teacher][None if answer.abstain else answer.family] += 1
    return {
        teacher: min(count, key=lambda vote: (-count[vote], vote or "")) for teacher, count in votes.items()
    }


def _counts(candidate: Candidate) -> dict[str, int]:
    trace = candidate.trace
    return {
        "candidates": 1,
        "valid": int(trace is not None),
        "abstentions": int(trace is not None and trace.final_answer.abstain),
        "prompt_tokens": candidate.prompt_tokens,
        "completion_tokens": candidate.completion_tokens,
    }
