"""The four channels of Eq. 8 as compiled kernels: of many pairs, and of a whole matrix.

A drug is a row of :class:`Packed`. Counts are whole numbers and each ratio is one float32 division of
two of them, so a value is the true quotient rounded once, the same from every kernel and however the work
is dealt to threads.

Shapes: n drugs, w words of a fingerprint, q pairs, r by c drugs of a matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.extending import intrinsic

ATC_LEVELS: Final = (1, 3, 4, 5, 7)
MAX_ATC_DEPTH: Final = len(ATC_LEVELS)
COMMON: Final = 64
"""Members below this number are bits of one word; the rest are merged where they may meet."""

PAIRS_A_PART: Final = 1 << 15
ROWS_A_PART: Final = 32

Array = npt.NDArray[Any]


class Ragged(NamedTuple):
    """Members of each drug: numbers of pathways or proteins, the most frequent first, or ATC codes.

    Attributes:
        starts: Where each drug's members begin, int64 ``[n + 1]``.
        items: Members on end, sorted within a drug: int32, or uint64 from :func:`atc_word`.
        marks: Two words a drug by which most pairs are settled without reading ``items``, uint64
            ``[n, 2]``; see :func:`mark_sets` and :func:`mark_codes`.
        sizes: Members of each drug, int64 ``[n]``.
    """

    starts: Array
    items: Array
    marks: Array
    sizes: Array


class Packed(NamedTuple):
    """What the kernels read of n drugs.

    Attributes:
        pathways: Pathways of each drug.
        proteins: Proteins of each drug.
        atc: ATC codes of each drug.
        words: Fingerprints, uint64 ``[n, w]``.
        bits: Bits set in each, int64 ``[n]``.
    """

    pathways: Ragged
    proteins: Ragged
    atc: Ragged
    words: Array
    bits: Array


def pack(
    pathways: tuple[Array, Array], proteins: tuple[Array, Array], atc: tuple[Array, Array], words: Array
) -> Packed:
    """From starts and items of each channel, and the words of the fingerprints."""
    return Packed(
        _ragged(*pathways, mark_sets(*pathways)),
        _ragged(*proteins, mark_sets(*proteins)),
        _ragged(*atc, mark_codes(*atc)),
        _read_only(words),
        _read_only(np.bitwise_count(words).sum(axis=1, dtype=np.int64)),
    )


def mark_sets(starts: Array, items: Array) -> Array:
    """A word with the common members as bits, and one with a bit for each rare member modulo 64."""
    drugs = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rare = (items >= COMMON).astype(np.int64)
    marks = np.zeros((len(starts) - 1, 2), dtype=np.uint64)
    np.bitwise_or.at(marks, (drugs, rare), np.uint64(1) << (items % COMMON).astype(np.uint64))
    return marks


def mark_codes(starts: Array, items: Array) -> Array:
    """A bit for each first level of a drug's codes, and a bit for a hash of each second level."""
    drugs = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    marks = np.zeros((len(starts) - 1, 2), dtype=np.uint64)
    letters = (items >> np.uint64(56)) % np.uint64(64)
    groups = ((items >> np.uint64(40)) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58)
    for column, places in enumerate((letters, groups)):
        np.bitwise_or.at(marks[:, column], drugs, np.uint64(1) << places)
    return marks


def atc_word(code: str) -> int:
    """An ATC code as a 64-bit number: its characters from the highest byte down, then its own depth."""
    text = code[: ATC_LEVELS[-1]].upper().encode("ascii", "replace")
    depth = sum(len(text) >= level for level in ATC_LEVELS)
    return int.from_bytes(text.ljust(ATC_LEVELS[-1], b"\0") + bytes([depth]))


def pair_channels(drugs: Packed, a: Array, b: Array, threads: int) -> tuple[Array, Array, Array, Array]:
    """Pathway Jaccard, protein Jaccard, ATC depth and Tanimoto of q pairs of rows.

    Returns:
        Float32 ``[q]`` each, the depth uint8.

    Raises:
        IndexError: There is no such row.
    """
    pathway, protein, tanimoto = (np.empty(len(a), dtype=np.float32) for _ in range(3))
    depth = np.empty(len(a), dtype=np.uint8)

    def work(part: slice) -> None:
        left, right = (_unsigned(rows[part], drugs) for rows in (a, b))
        _pairs_jaccard(drugs.pathways, left, right, pathway[part])
        _pairs_jaccard(drugs.proteins, left, right, protein[part])
        _pairs_depth(drugs.atc, left, right, depth[part])
        _pairs_tanimoto(drugs.words, drugs.bits, left, right, tanimoto[part])

    _in_parts(work, len(a), PAIRS_A_PART, threads)
    return pathway, protein, depth, tanimoto


def similarity_matrix(
    drugs: Packed, rows: Array, columns: Array, weights: tuple[float, float, float, float], threads: int
) -> npt.NDArray[np.float32]:
    """Weighted sum of the four channels, at most 1, float32 ``[r, c]``.

    Args:
        drugs: All drugs.
        rows: Int64 ``[r]``.
        columns: Int64 ``[c]``.
        weights: Of pathway, protein, ATC depth / 5 and Tanimoto; a channel of weight 0 costs nothing.
        threads: How many share the rows.

    Raises:
        IndexError: There is no such row.
    """
    total = np.empty((len(rows), len(columns)), dtype=np.float32)
    holders = _holders(drugs.pathways, columns), _holders(drugs.proteins, columns)
    coded = _by_member(drugs.atc, columns)
    words, bits = drugs.words[columns], drugs.bits[columns]
    scale = np.array(weights, dtype=np.float32)

    def work(part: slice) -> None:
        own, out = _unsigned(rows[part], drugs).astype(np.int64), total[part]
        out[:] = 0
        if scale[0]:
            _add_jaccard(drugs.pathways, own, *holders[0], scale[0], out)
        if scale[1]:
            _add_jaccard(drugs.proteins, own, *holders[1], scale[1], out)
        if scale[2]:
            _add_depth(drugs.atc, own, *coded, scale[2], out)
        if scale[3]:
            _add_tanimoto(drugs.words[own], drugs.bits[own], words, bits, scale[3], out)
        np.minimum(out, np.float32(1), out=out)  # weights that add up to 1 may not do so in float32

    _in_parts(work, len(rows), ROWS_A_PART, threads)
    return total


def _in_parts(work: Callable[[slice], None], count: int, size: int, threads: int) -> None:
    parts = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    if threads == 1 or len(parts) == 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass


def _unsigned(rows: Array, drugs: Packed) -> npt.NDArray[np.uint64]:
    """Rows that exist; unsigned, so that a kernel need not ask whether one counts from the end."""
    unsigned = rows.astype(np.uint64)
    if unsigned.max(initial=0) >= len(drugs.bits):
        raise IndexError(f"rows of {len(drugs.bits)} drugs must lie between 0 and {len(drugs.bits) - 1}")
    return unsigned


def _ragged(starts: Array, items: Array, marks: Array) -> Ragged:
    return Ragged(*(_read_only(array) for array in (starts, items, marks, np.diff(starts))))


def _read_only(array: Array) -> Array:
    """A view that numba takes for the same type, whether the array is in memory or mapped."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _holders(sets: Ragged, columns: Array) -> tuple[Array, Array, Array]:
    """Places among the columns of the drugs that hold each member, and the size of each column's set."""
    members, places = _by_member(sets, columns)
    starts = np.searchsorted(members, np.arange(int(sets.items.max(initial=-1)) + 2))
    return starts, places, sets.sizes[columns]


def _by_member(ragged: Ragged, columns: Array) -> tuple[Array, Array]:
    """Members of all columns, sorted, and the place of the column that each belongs to."""
    sizes = ragged.sizes[columns]
    places = np.repeat(np.arange(len(columns), dtype=np.int32), sizes)
    within = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    members = ragged.items[np.repeat(ragged.starts[columns], sizes) + within]
    order = np.argsort(members, kind="stable")
    return members[order], places[order]


@intrinsic
def _popcount(_: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@njit(nogil=True, cache=True)
def _ratio(shared: int, left: int, right: int) -> np.float32:
    """|u and v| / |u or v|, and 0 where both are empty."""
    return np.float32(shared) / np.float32(max(left + right - shared, 1))


@njit(nogil=True, cache=True)
def _shared(sets: Ragged, u: int, v: int) -> np.int64:
    """Members that two drugs have in common."""
    left, right = sets.marks[u, 0], sets.marks[v, 0]
    count = np.int64(_popcount(left & right))
    if sets.marks[u, 1] & sets.marks[v, 1]:
        i, j = sets.starts[u] + np.int64(_popcount(left)), sets.starts[v] + np.int64(_popcount(right))
        end_i, end_j = sets.starts[u] + sets.sizes[u], sets.starts[v] + sets.sizes[v]
        while i < end_i and j < end_j:
            one, other = sets.items[i], sets.items[j]
            count += one == other
            i += one <= other
            j += other <= one
    return count


@njit(nogil=True, cache=True)
def _pairs_jaccard(sets: Ragged, a: Array, b: Array, out: Array) -> None:
    for p in range(len(a)):
        out[p] = _ratio(_shared(sets, a[p], b[p]), sets.sizes[a[p]], sets.sizes[b[p]])


@njit(nogil=True, cache=True)
def _common_levels(one: np.uint64, other: np.uint64) -> np.int64:
    """Levels that two codes share from the first on; a short code has no more than its own."""
    differ = one ^ other
    levels = np.int64(0)
    for shift in (56, 40, 32, 24, 8):
        levels += (differ >> np.uint64(shift)) == 0
    return min(levels, np.int64(one & np.uint64(255)))


@njit(nogil=True, cache=True)
def _depth(atc: Ragged, u: int, v: int) -> np.int64:
    """Levels of the deepest common prefix over the codes of two drugs."""
    deepest = np.int64(0)
    for i in range(atc.starts[u], atc.starts[u] + atc.sizes[u]):
        for j in range(atc.starts[v], atc.starts[v] + atc.sizes[v]):
            deepest = max(deepest, _common_levels(atc.items[i], atc.items[j]))
    return deepest


@njit(nogil=True, cache=True)
def _pairs_depth(atc: Ragged, a: Array, b: Array, out: Array) -> None:
    for p in range(len(a)):  # without a branch, since this is all that most pairs need
        out[p] = (atc.marks[a[p], 0] & atc.marks[b[p], 0]) != 0
    for p in range(len(a)):
        if atc.marks[a[p], 1] & atc.marks[b[p], 1]:
            out[p] = _depth(atc, a[p], b[p])


@njit(nogil=True, cache=True)
def _common_bits(one: Array, other: Array) -> np.int64:
    count = np.uint64(0)
    for k in range(len(one)):
        count += _popcount(one[k] & other[k])
    return np.int64(count)


@njit(nogil=True, cache=True)
def _pairs_tanimoto(words: Array, bits: Array, a: Array, b: Array, out: Array) -> None:
    for p in range(len(a)):
        out[p] = _ratio(_common_bits(words[a[p]], words[b[p]]), bits[a[p]], bits[b[p]])


@njit(nogil=True, cache=True)
def _add_jaccard(
    sets: Ragged, rows: Array, starts: Array, holders: Array, sizes: Array, weight: float, out: Array
) -> None:
    shared = np.zeros(len(sizes), dtype=np.int64)
    for i in range(len(rows)):
        start, own = sets.starts[rows[i]], sets.sizes[rows[i]]
        for member in sets.items[start : start + own]:
            for place in holders[starts[member] : starts[member + 1]]:
                shared[place] += 1
        for j in range(len(sizes)):
            out[i, j] += weight * _ratio(shared[j], own, sizes[j])
            shared[j] = 0


@njit(nogil=True, cache=True)
def _add_depth(atc: Ragged, rows: Array, codes: Array, places: Array, weight: float, out: Array) -> None:
    deepest = np.zeros(out.shape[1], dtype=np.int64)
    for i in range(len(rows)):
        start = atc.starts[rows[i]]
        for code in atc.items[start : start + atc.sizes[rows[i]]]:
            first = (code >> np.uint64(56)) << np.uint64(56)
            for k in range(np.searchsorted(codes, first), len(codes)):
                if (codes[k] ^ code) >> np.uint64(56):
                    break
                deepest[places[k]] = max(deepest[places[k]], _common_levels(code, codes[k]))
        for j in range(out.shape[1]):
            out[i, j] += weight * (np.float32(deepest[j]) / np.float32(MAX_ATC_DEPTH))
            deepest[j] = 0


@njit(nogil=True, cache=True)
def _add_tanimoto(rows: Array, own: Array, words: Array, bits: Array, weight: float, out: Array) -> None:
    for i in range(len(rows)):
        for j in range(len(words)):
            out[i, j] += weight * _ratio(_common_bits(rows[i], words[j]), own[i], bits[j])
