"""The neighbours' vote of many queries at once, as an election that is decided level by level.

A neighbour's ballot weighs its similarity and a little more the nearer it ranks; the family is decided
first, then the subtype among the ballots for that family, and so on. Ties go to the lesser name.

Shapes: q queries, k neighbours, l distinct labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numba import njit

from mard.mirror import mirror
from mard.schema import Label

RANK_WEIGHT: Final = 1e-9
"""Extra weight by rank: settles ties for the nearer neighbour, and lets neighbours of similarity 0 vote."""
SUM_DIGITS: Final = 12
"""Sums are rounded before they are compared, so that a tie does not depend on the order of summation."""
SHARE_DIGITS: Final = 6
NOBODY: Final = -1

Array = npt.NDArray[Any]


class Votes(NamedTuple):
    """What the neighbours of q queries voted for.

    Attributes:
        winners: Place of the winning name among :attr:`Ballots.names`, a column a field of the label,
            int32 ``[q, 4]``; -1 for a query without neighbours.
        share: The winning family's share of the weight, float32 ``[q]``.
    """

    winners: Array
    share: Array


@dataclass(frozen=True)
class Ballots:
    """The labels that an index can show, as ballots for family, subtype, direction and polarity.

    Attributes:
        names: The names that occur at each level, sorted.
        levels: Place of each label's names, int32 ``[2 l, 4]``: the labels, then their mirror images.
    """

    names: tuple[tuple[str, ...], ...]
    levels: Array

    @classmethod
    def of(cls, labels: Sequence[Label]) -> Self:
        """Ballots of an index's labels, by code."""
        rows = [tuple(map(str, astuple(label))) for label in (*labels, *map(mirror, labels))]
        names = tuple(tuple(sorted(set(column))) for column in zip(*rows, strict=True))
        places = [{name: place for place, name in enumerate(level)} for level in names]
        codes = [[place[name] for place, name in zip(places, row, strict=True)] for row in rows]
        return cls(names, np.array(codes, dtype=np.int32))

    def vote(self, labels: Array, mirrored: Array, similarity: Array) -> Votes:
        """Elect a label for every query.

        Args:
            labels: Codes of the neighbours' labels, best first, int32 ``[q, k]``; -1 where there is none.
            mirrored: Whether a neighbour is shown the other way round, bool ``[q, k]``.
            similarity: Eq. 9, float32 ``[q, k]``.
        """
        ballots = np.where(mirrored, labels + len(self.levels) // 2, labels)
        ballots[labels < 0] = NOBODY
        winners, share = _elect(ballots.astype(np.int32), similarity.astype(np.float64), self.levels)
        return Votes(winners, share.round(SHARE_DIGITS).astype(np.float32))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _elect(ballots: Array, similarity: Array, levels: Array) -> tuple[Array, Array]:
    queries, k = ballots.shape
    winners = np.full((queries, levels.shape[1]), NOBODY, dtype=np.int32)
    shares = np.zeros(queries)
    weights, names, standing = np.empty(k), np.empty(k, dtype=np.int32), np.empty(k, dtype=np.bool_)
    for query in range(queries):
        for rank in range(k):
            weights[rank] = similarity[query, rank] + RANK_WEIGHT * (k - rank)
            standing[rank] = ballots[query, rank] >= 0
        for level in range(levels.shape[1]):
            for rank in range(k):
                names[rank] = levels[ballots[query, rank], level] if standing[rank] else NOBODY
            winner, share = _decide(names, weights)
            winners[query, level] = winner
            if level == 0:
                shares[query] = share
            for rank in range(k):
                standing[rank] = standing[rank] and names[rank] == winner
    return winners, shares


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _decide(names: Array, weights: Array) -> tuple[int, float]:
    """The name with the most weight and its share; ballots that do not stand have no name."""
    winner, most, total = NOBODY, 0.0, 0.0
    for rank in range(len(names)):
        name, counted, votes = names[rank], False, 0.0
        for other in range(len(names)):
            if names[other] == name:
                counted |= other < rank
                votes += weights[other]
        if name == NOBODY or counted:
            continue
        votes = np.round(votes, SUM_DIGITS)
        total += votes
        if votes > most or (votes == most and name < winner):
            winner, most = name, votes
    return winner, min(most / total, 1.0) if total else 0.0
