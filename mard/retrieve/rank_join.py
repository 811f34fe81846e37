"""The k best training pairs of a query (Eq. 9) without scoring them all: an exact rank join.

Both drugs of the query bring the indexed drugs in order of likeness. Walking c down the first list
and d down the second, the sum s(a, c) + s(b, d) only falls, so a walk ends as soon as the sum is
less than the k-th best found so far. Only then: equal sums go on, for ties go to the lesser pair id.
Each training pair is met in both orientations and counted in its better one. Bounds are the sums
themselves, never differences, since rounded addition is monotone and subtraction is no inverse.

Drugs alike in nothing would be walked through one by one at an equal sum. Instead the partners of
the drug that decides the sum are read off in order of their pair ids; where neither drug of the
query decides, the first pairs of the universe are. A query that still takes too long is answered by
scoring every pair.

Shapes: n indexed drugs, m training pairs, q queries, w drugs to avoid at most, k neighbours.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[Any]

NOTHING: Final = -1
PAIRS_A_STEP: Final = 2  # training pairs that a full scan scores in the time of one step of the walk
BLOCK: Final = 256
PARTS_A_THREAD: Final = 8


class Ranking(NamedTuple):
    """Likeness of r drugs to the indexed ones.

    Attributes:
        similarity: Eq. 8, float32 ``[r, n]``.
        order: Each row's indexed drugs, the most like first, ties to the lesser row; uint16 or int32
            ``[r, n]``.
    """

    similarity: Floats
    order: Ints

    @classmethod
    def of(cls, similarity: Floats) -> Self:
        """Rank each row; the values are non-negative."""
        drugs = similarity.shape[1]
        order = np.empty(similarity.shape, dtype=_rows_type(drugs))
        column = np.arange(drugs, dtype=np.uint64)
        for start in range(0, len(similarity), BLOCK):
            # the bits of non-negative floats order them: one sort of (falling value, column) keys
            bits = np.ascontiguousarray(similarity[start : start + BLOCK]).view(np.uint32)
            keys = (~bits).astype(np.uint64) << np.uint64(32) | column
            keys.sort(axis=1)
            order[start : start + BLOCK] = keys & np.uint64(0xFFFFFFFF)
        return cls(_read_only(similarity), _read_only(order))


class Membership(NamedTuple):
    """Which pairs of indexed drugs are training pairs.

    Attributes:
        pairs: Rows of the two drugs, int32 ``[m, 2]``, the lesser first, sorted.
        starts: Where the pairs of each first drug begin, int32 ``[n + 1]``.
        bits: Bit ``d % 8`` of byte ``[c, d // 8]`` says whether (c, d) is one, in either order; uint8
            ``[n, ceil(n / 8)]``.
        partners: Drugs paired with each drug, ascending, one drug after the other; uint16 or int32
            ``[2 m]``.
        partner_starts: Where each drug's begin, int32 ``[n + 1]``.
    """

    pairs: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]
    bits: npt.NDArray[np.uint8]
    partners: npt.NDArray[np.int32]
    partner_starts: npt.NDArray[np.int32]

    @classmethod
    def of(cls, pairs: npt.NDArray[np.int32], drugs: int) -> Self:
        """From sorted pairs of rows below ``drugs``."""
        both = np.concatenate([pairs, pairs[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        bits = np.zeros((drugs, (drugs + 7) // 8), dtype=np.uint8)
        _mark(bits, both)
        bounds = np.arange(drugs + 1)
        return cls(
            _read_only(pairs),
            _read_only(np.searchsorted(pairs[:, 0], bounds).astype(np.int32)),
            _read_only(bits),
            _read_only(both[:, 1].astype(_rows_type(drugs))),
            _read_only(np.searchsorted(both[:, 0], bounds).astype(np.int32)),
        )


def _rows_type(drugs: int) -> Any:
    return np.uint16 if drugs <= 1 << 16 else np.int32


def _read_only(array: Ints) -> Ints:
    """What a mapped file looks like, so that the kernels are compiled once for both."""
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view


class Found(NamedTuple):
    """The neighbours of q queries, in the order in which they are shown: of a rank join, best first.

    Attributes:
        numbers: Number of each training pair in its universe, int32 ``[q, k]``; -1 past the last.
        scores: Eq. 9, float32 ``[q, k]``; 0 past the last.
        crossed: Whether the pair's first drug stands for the query's second, bool ``[q, k]``.
    """

    numbers: npt.NDArray[np.int32]
    scores: Floats
    crossed: npt.NDArray[np.bool_]


def rank_join(
    indexed: Ranking,
    guests: Ranking,
    universe: Membership,
    a: Ints,
    b: Ints,
    avoid: Ints,
    k: int,
    threads: int = 1,
) -> Found:
    """Answer q queries; the result does not depend on ``threads``.

    Args:
        indexed: The n drugs of the index; a query names them by rows 0 to n - 1.
        guests: Drugs outside it; rows from n on.
        universe: The training pairs.
        a: Rows of the queries' first drugs, int32 ``[q]``.
        b: Rows of the second ones.
        avoid: Rows of drugs that no neighbour may contain, int32 ``[q, w]``, filled up with -1.
        k: Neighbours a query.
        threads: Python threads that share the queries; the kernel does not hold the interpreter's lock.
    """
    shape = (len(a), k)
    found = Found(np.empty(shape, np.int32), np.empty(shape, np.float32), np.empty(shape, np.bool_))
    if threads == 1:
        _answer(indexed, guests, universe, a, b, avoid, *found)
        return found

    def answer(start: int) -> None:
        part = slice(start, start + size)
        answers = (array[part] for array in found)
        _answer(indexed, guests, universe, a[part], b[part], avoid[part], *answers)

    size = max(1, -(-len(a) // (PARTS_A_THREAD * threads)))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(answer, range(0, len(a), size)))
    return found


class _Query(NamedTuple):
    """One question: both drugs' rows of a ranking, who they are, and whom to avoid."""

    row_a: Floats
    order_a: Ints
    row_b: Floats
    order_b: Ints
    first: int
    second: int
    avoid: Ints


class _Best(NamedTuple):
    """The best pairs so far, by falling sum, then rising key ``lesser row * n + greater row``.

    A place that is still free has the sum -1, so the last sum is the bound to beat.
    """

    sums: Floats
    keys: npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def _answer(
    indexed: Ranking,
    guests: Ranking,
    universe: Membership,
    a: Ints,
    b: Ints,
    avoid: Ints,
    numbers: Ints,
    scores: Floats,
    crossed: npt.NDArray[np.bool_],
) -> None:
    """Fill ``numbers``, ``scores`` and ``crossed`` ``[q, k]``; see :func:`rank_join`."""
    n, m = len(universe.starts) - 1, len(universe.pairs)
    kept = min(numbers.shape[1], m)
    best = _Best(np.empty(kept, np.float32), np.empty(kept, np.int64))
    numbers[:] = NOTHING
    scores[:] = 0
    crossed[:] = False
    for number in range(len(a) if kept else 0):
        row_a, order_a = _row(indexed, guests, a[number], n)
        row_b, order_b = _row(indexed, guests, b[number], n)
        query = _Query(row_a, order_a, row_b, order_b, a[number], b[number], avoid[number])
        _clear(best)
        if not _walk(query, universe, best, m // PAIRS_A_STEP):
            _clear(best)
            _scan(query, universe, best)
        elif best.sums[-1] == NOTHING:
            _fill(query, universe, best)
        for rank in range(kept):
            if best.sums[rank] == NOTHING:
                break
            c, d = divmod(best.keys[rank], n)
            numbers[number, rank] = _find(universe, c, d)
            scores[number, rank] = best.sums[rank] / np.float32(2)
            crossed[number, rank] = _is_crossed(query, c, d)


@njit(cache=True, nogil=True)
def _row(indexed: Ranking, guests: Ranking, drug: int, n: int) -> tuple[Floats, Ints]:
    if drug < n:
        return indexed.similarity[drug], indexed.order[drug]
    return guests.similarity[drug - n], guests.order[drug - n]


@njit(cache=True, nogil=True)
def _walk(query: _Query, universe: Membership, best: _Best, budget: int) -> bool:
    """Meet the pairs with a sum above 0 until none can be among the best; False when out of budget."""
    top = query.row_b[query.order_b[0]]
    for i in range(len(query.order_a)):
        c = int(query.order_a[i])
        likeness = query.row_a[c]
        if likeness == 0 or likeness + top < best.sums[-1]:
            break
        if _avoided(query, c):
            continue
        for j in range(len(query.order_b)):
            d = int(query.order_b[j])
            if likeness + query.row_b[d] < best.sums[-1]:
                break
            if query.row_b[d] == 0:
                _read_partners(query, universe, best, c, True)
                break
            budget -= 1
            if universe.bits[c, d >> 3] >> (d & 7) & 1:
                _consider(query, best, c, d)
        if budget < 0:
            return False
    for j in range(len(query.order_b)):
        d = int(query.order_b[j])
        if query.row_b[d] == 0 or query.row_b[d] < best.sums[-1]:
            break
        if not _avoided(query, d):
            _read_partners(query, universe, best, d, False)
    return True


@njit(cache=True, nogil=True)
def _read_partners(query: _Query, universe: Membership, best: _Best, drug: int, leads: bool) -> None:
    """Meet a drug's pairs with drugs that are like the other drug of the query in nothing.

    Their sums are equal and their keys rise. ``leads`` says that ``drug`` stands for the query's first.
    """
    n = len(query.row_a)
    total, row = (query.row_a[drug], query.row_b) if leads else (query.row_b[drug], query.row_a)
    for place in range(universe.partner_starts[drug], universe.partner_starts[drug + 1]):
        partner = int(universe.partners[place])
        key = min(drug, partner) * n + max(drug, partner)
        if total < best.sums[-1] or (total == best.sums[-1] and key > best.keys[-1]):
            return
        if row[partner] == 0:
            if leads:
                _consider(query, best, drug, partner)
            else:
                _consider(query, best, partner, drug)


@njit(cache=True, nogil=True)
def _consider(query: _Query, best: _Best, c: int, d: int) -> None:
    """Take a training pair with c for the query's first drug, unless the other way round is better."""
    straight, crossed = query.row_a[c] + query.row_b[d], query.row_a[d] + query.row_b[c]
    if (straight > crossed or (straight == crossed and c < d)) and not _is_hidden(query, c, d):
        _offer(best, straight, min(c, d) * len(query.row_a) + max(c, d))


@njit(cache=True, nogil=True)
def _scan(query: _Query, universe: Membership, best: _Best) -> None:
    """Meet every training pair."""
    n = len(query.row_a)
    for number in range(len(universe.pairs)):
        c, d = int(universe.pairs[number, 0]), int(universe.pairs[number, 1])
        total = max(query.row_a[c] + query.row_b[d], query.row_a[d] + query.row_b[c])
        if total > best.sums[-1] and not _is_hidden(query, c, d):
            _offer(best, total, c * n + d)


@njit(cache=True, nogil=True)
def _fill(query: _Query, universe: Membership, best: _Best) -> None:
    """Meet the pairs that are like the query in nothing, in order, until no place is free."""
    n = len(query.row_a)
    for number in range(len(universe.pairs)):
        if best.sums[-1] != NOTHING:
            return
        c, d = int(universe.pairs[number, 0]), int(universe.pairs[number, 1])
        total = max(query.row_a[c] + query.row_b[d], query.row_a[d] + query.row_b[c])
        if total == 0 and not _is_hidden(query, c, d):
            _offer(best, total, c * n + d)


@njit(cache=True, nogil=True)
def _offer(best: _Best, total: float, key: int) -> None:
    """Put a pair in its place, unless the k best are better."""
    place = len(best.sums) - 1
    if total < best.sums[place] or (total == best.sums[place] and key > best.keys[place]):
        return
    while place > 0 and (
        best.sums[place - 1] < total or (best.sums[place - 1] == total and best.keys[place - 1] > key)
    ):
        best.sums[place], best.keys[place] = best.sums[place - 1], best.keys[place - 1]
        place -= 1
    best.sums[place], best.keys[place] = total, key


@njit(cache=True, nogil=True)
def _clear(best: _Best) -> None:
    best.sums[:] = NOTHING
    best.keys[:] = 0


@njit(cache=True, nogil=True)
def _avoided(query: _Query, drug: int) -> bool:
    for other in query.avoid:  # noqa: SIM110 -- a generator does not compile
        if drug == other:
            return True
    return False


@njit(cache=True, nogil=True)
def _is_hidden(query: _Query, c: int, d: int) -> bool:
    """The query itself, or a pair that holds a drug to avoid."""
    own = (c == query.first and d == query.second) or (c == query.second and d == query.first)
    return own or _avoided(query, c) or _avoided(query, d)


@njit(cache=True, nogil=True)
def _is_crossed(query: _Query, c: int, d: int) -> bool:
    """Turned by the better sum, then by drugs in common; else the lesser drug stands for the first."""
    straight, crossed = query.row_a[c] + query.row_b[d], query.row_a[d] + query.row_b[c]
    if straight != crossed:
        return bool(crossed > straight)
    in_place = int(c == query.first) + int(d == query.second)
    crosswise = int(d == query.first) + int(c == query.second)
    return crosswise > in_place


@njit(cache=True, nogil=True)
def _find(universe: Membership, c: int, d: int) -> int:
    """Number of the training pair (c, d), c < d: those of c come last among its partners."""
    low, end = universe.partner_starts[c], universe.partner_starts[c + 1]
    number = universe.starts[c + 1] - end
    high = end
    while low < high:
        middle = (low + high) // 2
        if universe.partners[middle] < d:
            low = middle + 1
        else:
            high = middle
    return int(number + low)


@njit(cache=True, nogil=True)
def _mark(bits: npt.NDArray[np.uint8], pairs: npt.NDArray[np.int32]) -> None:
    for number in range(len(pairs)):
        c, d = pairs[number]
        bits[c, d >> 3] |= np.uint8(1 << (d & 7))
