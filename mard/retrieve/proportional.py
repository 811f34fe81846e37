"""Neighbours in proportion: every training pair votes on the query's family, and the k places go by the vote.

The k nearest pairs are a small sample. Here all pairs of the universe are heard first: with the kernel
k(u, v) = s(u, v) ** sharpness over Eq. 8, family f has for a query (a, b) the weight

    W_f = sum over its training pairs {c, d} of k(a, c) k(b, d) + k(a, d) k(b, c)

without the query itself and without pairs that hold a drug to avoid. The places are given one by one to
the family with the greatest W_f / (places that it has + 1) (D'Hondt's highest averages), and each family
fills its own with its nearest pairs (Eq. 9). So the first neighbour is of the family that most of train
speaks for, and the list is a poll of train that can be cited pair by pair.

**Decision** a place that no family with a voice can fill goes to the nearest pair that is not shown yet: a
query that nothing speaks for is shown the nearest pairs, as without a vote.

Shapes: n indexed drugs, m training pairs, q queries, f families, w drugs to avoid at most, k neighbours.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numba import njit

from mard.retrieve.rank_join import NOTHING, PARTS_A_THREAD, Found, Membership, Ranking, rank_join

Ints = npt.NDArray[Any]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Electorate:
    """A universe's training pairs by family.

    Attributes:
        members: All m of them.
        numbers: Each family's pairs, by their numbers in ``members``.
        parts: Each family's pairs alone.
    """

    members: Membership
    numbers: tuple[Ints, ...]
    parts: tuple[Membership, ...]

    @classmethod
    def of(cls, members: Membership, families: Ints, count: int) -> Self:
        """Divide ``members``, whose families are codes below ``count``, ``[m]``."""
        numbers = tuple(np.flatnonzero(families == code).astype(np.int32) for code in range(count))
        drugs = len(members.starts) - 1
        return cls(members, numbers, tuple(Membership.of(members.pairs[own], drugs) for own in numbers))


def proportional(
    indexed: Ranking,
    guests: Ranking,
    electorate: Electorate,
    a: Ints,
    b: Ints,
    avoid: Ints,
    k: int,
    sharpness: float,
    threads: int = 1,
) -> Found:
    """Answer q queries; the result does not depend on ``threads``.

    Args:
        indexed: The n drugs of the index; a query names them by rows 0 to n - 1.
        guests: Drugs outside it; rows from n on.
        electorate: The training pairs.
        a: Rows of the queries' first drugs, int32 ``[q]``.
        b: Rows of the second ones.
        avoid: Rows of drugs that no voter and no neighbour may contain, int32 ``[q, w]``, filled up with -1.
        k: Neighbours a query.
        sharpness: Power of Eq. 8 in the kernel; the greater, the less a distant pair has to say.
        threads: Python threads that share the queries.
    """
    weights = family_weights(indexed, guests, electorate, a, b, avoid, sharpness, threads)
    shape = len(a), k
    found = Found(np.full(shape, NOTHING, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
    lists = [rank_join(indexed, guests, part, a, b, avoid, k, threads) for part in electorate.parts]
    supply = np.column_stack([(own.numbers != NOTHING).sum(axis=1) for own in lists])
    order = highest_averages(weights, supply, k)
    for code, own in enumerate(lists):
        given = order == code
        query, rank = np.nonzero(given)
        turn = np.cumsum(given, axis=1)[query, rank] - 1
        found.numbers[query, rank] = electorate.numbers[code][own.numbers[query, turn]]
        found.scores[query, rank] = own.scores[query, turn]
        found.crossed[query, rank] = own.crossed[query, turn]
    short = np.flatnonzero(order[:, -1:].ravel() == NOTHING)
    nearest = rank_join(indexed, guests, electorate.members, a[short], b[short], avoid[short], k, threads)
    for row, number in enumerate(short):
        shown = np.count_nonzero(order[number] != NOTHING)
        others = np.flatnonzero(~np.isin(nearest.numbers[row], found.numbers[number, :shown]))[: k - shown]
        for field, every in zip(found, nearest, strict=True):
            field[number, shown : shown + len(others)] = every[row, others]
    return found


def family_weights(
    indexed: Ranking,
    guests: Ranking,
    electorate: Electorate,
    a: Ints,
    b: Ints,
    avoid: Ints,
    sharpness: float,
    threads: int = 1,
) -> Weights:
    """W_f of every query, float64 ``[q, f]``; arguments as of :func:`proportional`.

    W_f is linear in each drug's kernel. So what reaches every drug d from the first drug, the sum of k(a, c)
    over d's partners c in the family, is computed once for all queries of that drug that silence nobody.
    """
    weights = np.zeros((len(a), len(electorate.parts)))
    order = np.argsort(a, kind="stable")

    def weigh(own: Ints) -> None:
        found = np.zeros((len(own), weights.shape[1]))
        known, parts = electorate.members.bits, electorate.parts
        _weigh(indexed, guests, known, parts, a[own], b[own], avoid[own], sharpness, found)
        weights[own] = found

    if threads == 1:
        weigh(order)
        return weights
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(weigh, np.array_split(order, PARTS_A_THREAD * threads)))
    return weights


def highest_averages(weights: Weights, supply: Ints, k: int) -> Ints:
    """Which family has each of the k places (D'Hondt), int64 ``[q, k]``; -1 for a free one.

    Args:
        weights: ``[q, f]``; a family of weight 0 has no place. Averages are compared in 32 bits, so that sums
            equal but for their order are equal, and the first family goes first.
        supply: How many pairs each family can show, ``[q, f]``.
        k: Places.
    """
    taken = np.zeros(weights.shape, dtype=np.int64)
    order = np.full((len(weights), k), NOTHING, dtype=np.int64)
    every = np.arange(len(weights))
    for place in range(k):
        averages = np.where(taken < supply, weights / (taken + 1), 0.0).astype(np.float32)
        family = averages.argmax(axis=1)
        given = averages[every, family] > 0
        order[given, place] = family[given]
        taken[every[given], family[given]] += 1
    return order


@njit(cache=True, nogil=True)
def _weigh(
    indexed: Ranking,
    guests: Ranking,
    known: Ints,
    parts: tuple[Membership, ...],
    a: Ints,
    b: Ints,
    avoid: Ints,
    sharpness: float,
    weights: Weights,
) -> None:
    n = indexed.similarity.shape[1]
    like_a, like_b, reached = np.empty(n), np.empty(n), np.empty((len(parts), n))
    reached_from = NOTHING
    for query in range(len(a)):
        first, second, hidden = a[query], b[query], avoid[query]
        is_known = first < n and second < n and known[first, second >> 3] >> (second & 7) & 1
        silent = is_known or (hidden != NOTHING).any()
        _fill_kernel(like_b, indexed, guests, second, hidden, sharpness)
        if silent or first != reached_from:
            _fill_kernel(like_a, indexed, guests, first, hidden, sharpness)
            for family, part in enumerate(parts):
                _reach(reached[family], part, like_a, first, second)
            reached_from = NOTHING if silent else first
        for family in range(len(parts)):
            for drug in range(n):
                weights[query, family] += reached[family, drug] * like_b[drug]


@njit(cache=True, nogil=True)
def _reach(reached: Weights, part: Membership, like: Weights, a: int, b: int) -> None:
    """The sum of ``like`` over each drug's partners, without the pair (a, b), ``[n]``."""
    for d in range(len(like)):
        total = 0.0
        for place in range(part.partner_starts[d], part.partner_starts[d + 1]):
            c = part.partners[place]
            if not ((c == a and d == b) or (c == b and d == a)):
                total += like[c]
        reached[d] = total


@njit(cache=True, nogil=True)
def _fill_kernel(
    like: Weights, indexed: Ranking, guests: Ranking, drug: int, avoid: Ints, sharpness: float
) -> None:
    """The drug's k(u, v) with each indexed drug ``[n]``; 0 with those to avoid."""
    n = len(like)
    row = indexed.similarity[drug] if drug < n else guests.similarity[drug - n]
    for other in range(n):
        like[other] = np.float64(row[other]) ** sharpness
    for hidden in avoid:
        if 0 <= hidden < n:
            like[hidden] = 0.0
