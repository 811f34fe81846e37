"""Seeded draws that do not depend on the machine, the library version or the order of rows.

A shuffle is a sort by a hash of the item and the seed, in exact 64-bit integer arithmetic; strata
are then cut at fixed counts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int64]

TRAIN, VAL, TEST, ASIDE = 0, 1, 2, 3

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def drug_keys(numbers: npt.NDArray[np.uint64], seed: int) -> Keys:
    """Pseudo-random keys, uint64 ``[n]``, of drugs by the number in their id."""
    return _splitmix(numbers + _splitmix(np.array([seed], dtype=np.uint64)))


def pair_keys(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64], seed: int) -> Keys:
    """Pseudo-random keys, uint64 ``[n]``, of pairs by the numbers in their drugs' ids."""
    return _splitmix(drug_keys(a, seed) ^ b)


def _splitmix(values: Keys) -> Keys:
    """SplitMix64 (Steele, Lea and Flood, 2014), element by element, modulo 2^64."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
    return mixed ^ (mixed >> np.uint64(31))


def stratified_order(strata: Codes, keys: Keys) -> tuple[Codes, Codes]:
    """Each item's rank by key within its stratum, and the stratum's size; both ``[n]``."""
    order = np.lexsort((keys, strata))
    _, starts, position, sizes = np.unique(
        strata[order], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(strata), dtype=np.int64)
    size = np.empty(len(strata), dtype=np.int64)
    rank[order] = np.arange(len(strata)) - starts[position]
    size[order] = sizes[position]
    return rank, size


def stratified_parts(strata: Codes, keys: Keys, val_share: float, test_share: float) -> npt.NDArray[np.int8]:
    """Cut each stratum into test, val and train.

    A stratum of at least 3 gives at least one item to each held-out part.

    Args:
        strata: Stratum of each of ``n`` items.
        keys: Random keys, uint64 ``[n]``.
        val_share: Share of val, likewise of test; rounded half up in each stratum.

    Returns:
        TRAIN, VAL or TEST, int8 ``[n]``.
    """
    rank, size = stratified_order(strata, keys)
    smallest = (size >= 3).astype(np.int64)
    test = np.maximum(np.floor(size * test_share + 0.5).astype(np.int64), smallest)
    val = np.maximum(np.floor(size * val_share + 0.5).astype(np.int64), smallest)
    return np.where(rank < test, TEST, np.where(rank < test + val, VAL, TRAIN)).astype(np.int8)


def stratified_sample(strata: Codes, keys: Keys, count: int) -> npt.NDArray[np.bool_]:
    """Choose ``count`` of ``n`` items (all, if there are fewer) in proportion to the strata.

    Each stratum gets one item first, as far as ``count`` goes; the rest is shared out by largest
    remainder.

    Returns:
        Which items are chosen, bool ``[n]``.
    """
    names, position = np.unique(strata, return_inverse=True)
    sizes = np.bincount(position, minlength=len(names))
    rank, _ = stratified_order(strata, keys)
    quotas = _quotas(sizes, min(count, len(strata)))
    chosen: npt.NDArray[np.bool_] = rank < quotas[position]
    return chosen


def capped(strata: Codes, keys: Keys, cap: int) -> npt.NDArray[np.bool_]:
    """Choose at most ``cap`` items of each stratum, bool ``[n]``."""
    rank, _ = stratified_order(strata, keys)
    chosen: npt.NDArray[np.bool_] = rank < cap
    return chosen


def _quotas(sizes: Codes, count: int) -> Codes:
    """Items per stratum, adding up to ``count``."""
    first = np.zeros(len(sizes), dtype=np.int64)
    first[np.argsort(-sizes, kind="stable")[:count]] = 1
    left = count - int(first.sum())
    room = sizes - first
    if left == 0 or room.sum() == 0:
        return first
    exact = room * left
    quotas = exact // room.sum()
    by_remainder = np.argsort(-(exact % room.sum()), kind="stable")
    quotas[by_remainder[: left - int(quotas.sum())]] += 1
    return np.asarray(first + quotas)
