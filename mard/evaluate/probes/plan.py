"""Which pairs each probe asks, and with what evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mard.evaluate.polypharmacy import pick, triangles
from mard.evaluate.probes import alter
from mard.io import sha256_text
from mard.schema import Family, Pool

TRIANGLE: Final = "triangle"
MISLED: Final = "cross_family_swap"

ALTERATIONS: Final[Mapping[str, Callable[[Pool], Pool | None]]] = {
    change.__name__: change
    for change in (
        alter.no_retrieval,
        alter.masked,
        alter.null_context,
        alter.role_flip,
        alter.flags_exchanged,
        alter.enzyme_swap,
    )
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the probe's name, the pair, and the altered pool in canonical order."""

    probe: str
    pair_id: str
    pool: Pool


def altered(
    pair_ids: Iterable[str],
    pool_of: Callable[[str], Pool],
    families: Mapping[str, Family],
    count: int,
    seed: int,
) -> Iterator[Asked]:
    """For each alteration, the first ``count`` pairs in a seeded order that it applies to.

    Args:
        pair_ids: Test pairs of a protocol.
        pool_of: A pair's pool.
        families: True family of each pair: who is misled is misled towards another one.
        count: Pairs a probe at most.
        seed: Of the order.
    """
    order = sorted(pair_ids, key=lambda pair: sha256_text(f"{seed} probe {pair}"))
    for name, change in ALTERATIONS.items():
        found = 0
        for pair in order:
            if found == count:
                break
            pool = change(pool_of(pair))
            if pool is not None:
                found += 1
                yield Asked(name, pair, pool)
    for pair, donor in _donors(order, pool_of, families, count):
        yield Asked(MISLED, pair, alter.cross_family_swap(pool_of(pair), pool_of(donor)))


def _donors(
    order: Sequence[str], pool_of: Callable[[str], Pool], families: Mapping[str, Family], count: int
) -> Iterator[tuple[str, str]]:
    """Each of the first ``count`` pairs with the next pair whose neighbours all have another family."""
    for place, pair in enumerate(order[:count]):
        for donor in (*order[place + 1 :], *order[:place]):
            shown = {neighbour.label.family for neighbour in pool_of(donor).neighbours}
            if shown and families[pair] not in shown:
                yield pair, donor
                break


def regimen_pairs(
    pair_ids: Sequence[str], pool_of: Callable[[str], Pool], count: int, seed: int
) -> Iterator[Asked]:
    """The pairs, unaltered, of ``count`` triangles at most, each pair once."""
    chosen = pick(triangles(pair_ids), count, seed)
    for pair in sorted({pair for triangle in chosen for pair in triangle}):
        yield Asked(TRIANGLE, pair, pool_of(pair))
