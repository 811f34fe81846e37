"""Which drugs interact, how, and who says so: arrays of one entry a pair.

Pairs are drawn without replacement, with weights that multiply what two classes and two drugs
contribute; the heavy tails of the weights give the degrees theirs. Mechanisms belong to ordered pairs of
classes: pairs are put in the order of their acting class and given templates in runs, so that
every template keeps its exact quota and drugs of a class act alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.synthetic.mechanisms import FIRST_ACTS, SECOND_ACTS, load_templates, quotas
from benchmarks.synthetic.sizes import Sizes

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BOTH, ONLY_A, ONLY_B = 0, 1, 2

_DRUG_SPREAD: Final = 1.0
_CLASS_SPREAD: Final = 1.2
_OFF_CLASS_SHARE: Final = 0.15
_RUNS_PER_CLASS: Final = 3
_ALIAS_SHARE: Final = 0.008
_LINE_BREAK_SHARE: Final = 0.003


@dataclass(frozen=True, slots=True)
class Pairs:
    """``n`` pairs in order of (a, b); every array is ``[n]``.

    Attributes:
        a: Row of the first drug, smaller than ``b``.
        template: Position of the sentence in :func:`load_templates`.
        second_template: That of the sentence that b's listing tells; ``template`` but for a few.
        first_is_a: Whether the sentence names a first.
        listed: BOTH, ONLY_A or ONLY_B.
        alias: 0, or 1 or 2 where the sentence calls its first or second drug by an alias.
        broken: Whether the sentence holds a line break.
    """

    a: Rows
    b: Rows
    template: Rows
    second_template: Rows
    first_is_a: Flags
    listed: npt.NDArray[np.int8]
    alias: npt.NDArray[np.int8]
    broken: Flags


def draw_pairs(sizes: Sizes, interacting: Rows, groups: Rows, seed: int) -> Pairs:
    """Draw the pairs of a release.

    Args:
        sizes: How many.
        interacting: Rows of the ``m`` drugs that interact, ascending.
        groups: Class of each of them, ``[m]``.
        seed: Of the release.
    """
    rng = np.random.default_rng([seed, 1])
    low, high = _draw_ends(sizes, groups, rng)
    a_acts, order = _by_acting_class(groups[low], groups[high], sizes, rng)
    template = _templates(order, sizes.classes * _RUNS_PER_CLASS, rng)
    orders = np.array([_ORDERS[each.order] for each in load_templates()])[template]
    coin = rng.random(sizes.pairs) < 0.5
    first_is_a = np.where(orders == 0, coin, a_acts == (orders == 1))
    listed, twice = _listings(sizes, rng)
    second = np.where(twice, _other_templates(template, rng), template)
    alias = np.where(rng.random(sizes.pairs) < _ALIAS_SHARE, rng.integers(1, 3, sizes.pairs), 0)
    broken = rng.random(sizes.pairs) < _LINE_BREAK_SHARE
    return Pairs(
        interacting[low],
        interacting[high],
        template,
        second,
        first_is_a,
        listed,
        alias.astype(np.int8),
        broken,
    )


_ORDERS: Final = {"bidirectional": 0, FIRST_ACTS: 1, SECOND_ACTS: 2}


def _draw_ends(sizes: Sizes, groups: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Positions of both drugs of each pair: the pairs whose exponential clocks ring first.

    Drugs 2k and 2k+1 always interact, so that every one has a pair.
    """
    count = sizes.interacting
    drug = rng.lognormal(0, _DRUG_SPREAD, count).astype(np.float32)
    between = rng.lognormal(0, _CLASS_SPREAD, (sizes.classes, sizes.classes)).astype(np.float32)
    between = np.maximum(between, between.T)
    clocks = np.full((count, count), np.inf, dtype=np.float32)
    for row in range(count - 1):
        rate = drug[row] * drug[row + 1 :] * between[groups[row], groups[row + 1 :]]
        clocks[row, row + 1 :] = rng.standard_exponential(count - row - 1, dtype=np.float32) / rate
        if row % 2 == 0:
            clocks[row, row + 1] = -1
    limit = np.partition(clocks, sizes.pairs - 1, axis=None)[sizes.pairs - 1]
    chosen = np.flatnonzero(clocks <= limit)[: sizes.pairs]
    return chosen // count, chosen % count


def _by_acting_class(
    group_a: Rows, group_b: Rows, sizes: Sizes, rng: np.random.Generator
) -> tuple[Flags, Rows]:
    """Whether a acts on b, and the pairs in order of acting class, then the other one."""
    coin = np.triu(rng.random((sizes.classes, sizes.classes)) < 0.5, 1)
    acts = coin | (np.tril(np.ones_like(coin), -1) & ~coin.T)
    a_acts = np.where(group_a == group_b, rng.random(len(group_a)) < 0.5, acts[group_a, group_b])
    rank = rng.permutation(sizes.classes)
    actor, other = np.where(a_acts, group_a, group_b), np.where(a_acts, group_b, group_a)
    return a_acts, np.lexsort((rng.random(len(actor)), rank[other], rank[actor]))


def _templates(order: Rows, runs: int, rng: np.random.Generator) -> Rows:
    """A template for each pair: in runs along ``order``, some of them exchanged at random."""
    longest = max(1, len(order) // runs)
    wanted = quotas(len(order))
    blocks = [
        (template, longest) for template in range(len(wanted)) for _ in range(wanted[template] // longest)
    ]
    blocks += [(template, int(count % longest)) for template, count in enumerate(wanted)]
    shuffled = [blocks[place] for place in rng.permutation(len(blocks))]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.repeat([template for template, _ in shuffled], [count for _, count in shuffled])
    moved = np.flatnonzero(rng.random(len(order)) < _OFF_CLASS_SHARE)
    found[moved] = found[rng.permutation(moved)]
    return found


def _other_templates(template: Rows, rng: np.random.Generator) -> Rows:
    """For each pair a template of another subtype."""
    names = [(each.family, each.subtype) for each in load_templates()]
    codes = np.unique(np.array([f"{family}/{subtype}" for family, subtype in names]), return_inverse=True)[1]
    found = template
    while (same := codes[found] == codes[template]).any():
        found = np.where(same, rng.integers(0, len(codes), len(template)), found)
    return found


def _listings(sizes: Sizes, rng: np.random.Generator) -> tuple[npt.NDArray[np.int8], Flags]:
    """Who lists each pair, and which pairs are told in two different sentences."""
    shuffled = rng.permutation(sizes.pairs)
    listed = np.zeros(sizes.pairs, dtype=np.int8)
    listed[shuffled[: sizes.one_sided]] = rng.integers(ONLY_A, ONLY_B + 1, sizes.one_sided)
    twice = np.zeros(sizes.pairs, dtype=np.bool_)
    twice[shuffled[sizes.one_sided :][: sizes.two_sentence]] = True
    return listed, twice
