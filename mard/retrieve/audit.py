"""How good retrieval is: MOR@k beside chance, and what each channel adds.

MOR@k is the share of queries with a neighbour of their own family among the first k.
Shapes: q queries, k neighbours.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import CHANNELS, without
from mard.schema import Family

FAMILIES: Final = tuple(Family)

Codes = npt.NDArray[np.int32]
Rates = dict[int, float]


def match_rate(families: Codes, neighbours: Codes, ks: Sequence[int]) -> Rates:
    """MOR@k for each k.

    Args:
        families: True family of each query, by its place in :class:`Family`, int32 ``[q]``.
        neighbours: Families of each query's neighbours, best first, int32 ``[q, k]``; -1 where there is none.
        ks: Lengths of the list.

    Raises:
        ValueError: There is no query.
    """
    if not len(families):
        raise ValueError("MOR@k needs at least one query")
    matches = neighbours == families[:, None]
    return {k: float(matches[:, :k].any(axis=1).mean()) for k in ks}


def random_rate(families: Sequence[Family], universe: Mapping[Family, int], ks: Sequence[int]) -> Rates:
    """Expected MOR@k of k pairs drawn at random from the universe, in closed form.

    For a query whose family has m of N pairs it is 1 - C(N - m, k) / C(N, k).
    """
    total = sum(universe.values())

    def chance(family: Family, k: int) -> float:
        drawn = min(k, total)
        return 1 - math.comb(total - universe.get(family, 0), drawn) / math.comb(total, drawn)

    asked = sorted(Counter(families).items())
    return {k: sum(chance(family, k) * count for family, count in asked) / len(families) for k in ks}


def audit(
    index: NeighbourIndex,
    queries: Mapping[str, pl.DataFrame],
    ks: Sequence[int],
    *,
    sharpness: float | None = None,
    threads: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, Rates]]:
    """MOR@k by universe: of the nearest pairs, of chance, and of the nearest without each channel.

    Args:
        index: The neighbour index.
        queries: Held-out pairs by the universe that they are asked in: ``drug_a`` and ``drug_b`` in
            canonical order, and their true ``family``.
        ks: Lengths of the list.
        sharpness: That of neighbours in proportion, which then are a variant of their own.
        threads: Threads that share the queries.
        on_progress: Called with (queries answered, queries in all).

    Returns:
        ``{universe: {"all" | "random" | "in proportion" | "without <channel>": {k: rate}}}``.
    """
    report: dict[str, dict[str, Rates]] = {
        universe: {"random": random_rate(_families(own), index.family_counts(universe), ks)}
        for universe, own in sorted(queries.items())
    }
    left_out = {f"without {channel}": without(index.weights, channel) for channel in CHANNELS}
    names = ["all", *(["in proportion"] if sharpness is not None else []), *left_out]
    done, total = 0, sum(own.height for own in queries.values()) * len(names)
    for name in names:
        variant = index.reweighted(left_out[name], threads=threads) if name in left_out else index
        poll = sharpness if name == "in proportion" else None
        for universe, own in sorted(queries.items()):
            found = _found_families(variant, universe, own, max(ks), poll, threads)
            report[universe][name] = match_rate(_codes(_families(own)), found, ks)
            done += own.height
            if on_progress:
                on_progress(done, total)
    return report


def _families(queries: pl.DataFrame) -> list[Family]:
    return [Family(family) for family in queries["family"]]


def _codes(families: Sequence[Family]) -> Codes:
    place = {family: code for code, family in enumerate(FAMILIES)}
    return np.array([place[family] for family in families], dtype=np.int32)


def _found_families(
    index: NeighbourIndex,
    universe: str,
    queries: pl.DataFrame,
    k: int,
    sharpness: float | None,
    threads: int,
) -> Codes:
    """Families of the neighbours, int32 ``[q, k]``; -1 where there is none."""
    roster = index.roster({*queries["drug_a"], *queries["drug_b"]})
    a, b = (roster.rows(queries[side]) for side in ("drug_a", "drug_b"))
    found = index.query_many(universe, roster, a, b, k, sharpness=sharpness, threads=threads)
    by_label = np.append(_codes([label.family for label in index.labels]), np.int32(-1))
    return by_label[index.label_codes(universe, found)]
