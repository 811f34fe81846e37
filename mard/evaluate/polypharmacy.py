"""A patient takes three drugs: are all three pairs among them right?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mard.evaluate.statistic import UNSCORED, Mask, as_score

Triangle = tuple[str, str, str]


def triangles(pair_ids: Sequence[str]) -> list[Triangle]:
    """Every three pairs that join three drugs, as sorted pair ids, sorted."""
    known = set(pair_ids)
    partners: dict[str, set[str]] = {}
    for pair in known:
        a, b = pair.split("|")
        partners.setdefault(a, set()).add(b)
    return sorted(
        (f"{a}|{b}", f"{a}|{c}", f"{b}|{c}")
        for a, others in partners.items()
        for b, c in combinations(sorted(others), 2)
        if f"{b}|{c}" in known
    )


def pick(found: Sequence[Triangle], count: int, seed: int) -> list[Triangle]:
    """``count`` triangles at most, drawn without replacement, sorted."""
    if len(found) <= count:
        return list(found)
    chosen = np.random.default_rng(seed).choice(len(found), count, replace=False)
    return [found[place] for place in sorted(chosen.tolist())]


def regimens(found: Sequence[Triangle], pair_ids: Sequence[str], right: Mask) -> dict[str, Any]:
    """How many of their three pairs are right, and what independent errors would give.

    Args:
        found: Triangles, all of whose pairs are in ``pair_ids``.
        pair_ids: Answered pairs, ``n``.
        right: Whether the answer to each is right ``[n]``.

    Returns:
        ``triangles``; ``right`` with how many have 0, 1, 2 and 3 right pairs; ``pair_accuracy`` over their
        pairs, each once a triangle; ``all_right``; and ``if_independent``, the cube of the pair accuracy.
    """
    if not found:
        return {
            "triangles": 0,
            "right": [0, 0, 0, 0],
            **dict.fromkeys(("pair_accuracy", "all_right", "if_independent"), UNSCORED),
        }
    known = dict(zip(pair_ids, right.tolist(), strict=True))
    hits = np.array([sum(known[pair] for pair in triangle) for triangle in found])
    accuracy = hits.mean() / 3
    return {
        "triangles": len(found),
        "right": np.bincount(hits, minlength=4).tolist(),
        "pair_accuracy": as_score(accuracy),
        "all_right": as_score((hits == 3).mean()),
        "if_independent": as_score(accuracy**3),
    }
