"""How good retrieval is: MOR@k beside chance, and what each channel adds.

MOR@k is the share of queries with a neighbour of their own family among the first k.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import CHANNELS, without
from mard.schema import Family


@dataclass(frozen=True)
class AuditQuery:
    """A held-out pair with its true family, and the universe that it is asked in."""

    universe: str
    drug_a: str
    drug_b: str
    family: Family


def match_rate(
    families: Sequence[Family], neighbours: Sequence[Sequence[Family]], ks: Sequence[int]
) -> dict[int, float]:
    """MOR@k for each k.

    Args:
        families: True family of each query.
        neighbours: Families of each query's neighbours, best first.
        ks: Lengths of the list.

    Raises:
        ValueError: There is no query.
    """
    if not families:
        raise ValueError("MOR@k needs at least one query")
    pairs = list(zip(families, neighbours, strict=True))
    return {k: sum(own in found[:k] for own, found in pairs) / len(pairs) for k in ks}


def random_rate(
    families: Sequence[Family], universe: Mapping[Family, int], ks: Sequence[int]
) -> dict[int, float]:
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
    queries: Sequence[AuditQuery],
    ks: Sequence[int],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, dict[int, float]]]:
    """MOR@k by universe: of retrieval, of chance, and of retrieval without each channel.

    Returns:
        ``{universe: {"all" | "random" | "without <channel>": {k: rate}}}``.
    """
    by_universe: dict[str, list[AuditQuery]] = {}
    for query in queries:
        by_universe.setdefault(query.universe, []).append(query)
    report: dict[str, dict[str, dict[int, float]]] = {
        universe: {"random": random_rate([q.family for q in own], index.family_counts(universe), ks)}
        for universe, own in sorted(by_universe.items())
    }
    done, total = 0, len(queries) * (1 + len(CHANNELS))
    for channel in (None, *CHANNELS):
        variant = index if channel is None else index.reweighted(without(index.weights, channel))
        for universe, own in sorted(by_universe.items()):
            found = [_families(variant, query, max(ks)) for query in own]
            name = "all" if channel is None else f"without {channel}"
            report[universe][name] = match_rate([query.family for query in own], found, ks)
            done += len(own)
            if on_progress:
                on_progress(done, total)
    return report


def _families(index: NeighbourIndex, query: AuditQuery, k: int) -> list[Family]:
    neighbours = index.query(query.universe, query.drug_a, query.drug_b, k)
    return [neighbour.label.family for neighbour in neighbours]
