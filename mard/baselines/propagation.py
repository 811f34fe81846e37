"""Kernel propagation: every training pair votes on a query, the more the more alike it is.

With the kernel k(u, v) = s(u, v) ** sharpness over Eq. 8, a query (a, b) hears for a label

    a acts on b:   sum over training pairs of that label, c acting on d, of k(a, c) k(b, d)  =  (K D K')[a, b]

where D[c, d] = 1 for such a pair; likewise for b acting on a, and once for pairs without direction,
which D holds both ways. Where the neighbour vote asks the few nearest pairs, this asks all of them.

A training pair must not hear itself, nor, where it imitates a cold query, any pair of the drugs that it
pretends not to know. What those would add is taken off: with L = K D, M = D K', and h_a, h_b saying who is
hidden, the vote is

    (K D K')[a, b] - h_a (k_ab L[a, a] + k_aa M[a, b]) - h_b (k_bb L[a, b] + k_ab M[b, b])
                   + (h_a + h_b - 1) (k_aa k_bb D[a, b] + k_ab k_ab D[b, a])

Sums are kept in 64 bits: what is left of a vote may be a thousandth of what was taken off.
Shapes: d drugs, m training pairs, q queries, l kinds of label (family, subtype and polarity).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from mard.baselines.arrays import FAMILIES, LEVELS, Matrix, Texts, texts
from mard.baselines.features import Votes
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import drug_similarity
from mard.schema import Direction

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]
Hidden = NDArray[np.bool_]

KIND: Final = ("family", "subtype", "polarity")
DIRECTIONS: Final = (Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL)
BLOCK: Final = 2048


@dataclass(frozen=True)
class Tally:
    """Votes for every label that train has.

    Attributes:
        kinds: Family, subtype and polarity, sorted ``[l, 3]``.
        scores: Weight of the votes by kind and direction (:data:`DIRECTIONS`), ``[q, l, 3]``.
    """

    kinds: Texts
    scores: Scores

    def shares(self) -> Scores:
        """Each family's share of the weight ``[q, 7]``; all 0 for a query that hears nothing."""
        return _normalised(self.scores.sum(axis=2) @ _membership(self.kinds[:, 0], np.array(FAMILIES)))

    def elect(self, family: Texts) -> pl.DataFrame:
        """The rest of the label, level by level among the votes for what is already decided.

        Args:
            family: A family for each query ``[q]``.

        Returns:
            The label's columns, null for a query that hears nothing of its family.
        """
        kept = self.scores * (self.kinds[:, 0] == family[:, None])[:, :, None]
        names = np.unique(self.kinds[:, 1])
        subtype = names[(kept.sum(axis=2) @ _membership(self.kinds[:, 1], names)).argmax(axis=1)]
        kept *= (self.kinds[:, 1] == subtype[:, None])[:, :, None]
        direction = kept.sum(axis=1).argmax(axis=1)
        ballots = np.take_along_axis(kept, direction[:, None, None], axis=2)[:, :, 0]
        polarity = self.kinds[ballots.argmax(axis=1), 2]
        toward = np.array(DIRECTIONS, dtype=np.str_)[direction]
        answers = pl.DataFrame(dict(zip(LEVELS, (family, subtype, toward, polarity), strict=True)))
        heard = pl.Series(ballots.any(axis=1))
        return answers.select(pl.when(heard).then(pl.col(LEVELS)))


@dataclass(frozen=True)
class Propagation:
    """Training pairs that vote, and the drugs that may ask.

    Attributes:
        place: Row of each drug that is in train or among the queries.
        kernel: Eq. 8 to the power of the sharpness, ``[d, d]``, symmetric.
        acts: For each kind of label, who acts on whom, and pairs without direction, ``[d, d]`` each.
    """

    place: Mapping[str, int]
    kernel: Scores
    acts: Mapping[tuple[str, str, str], tuple[Matrix, Matrix]]

    @classmethod
    def of(cls, index: NeighbourIndex, train: pl.DataFrame, queries: pl.DataFrame, sharpness: float) -> Self:
        """Let the pairs of ``train`` vote on those of ``train`` and ``queries``."""
        drugs = pl.concat([pairs[side] for pairs in (train, queries) for side in ("drug_a", "drug_b")])
        ids = drugs.unique().sort().to_list()
        rows = index.features.rows_of(ids)
        similarity = drug_similarity(index.features, rows, rows, index.weights)
        kernel = similarity.astype(np.float64) ** sharpness
        place = {drug: row for row, drug in enumerate(ids)}
        return cls(place, kernel, dict(_acts(train, place)))

    def tally(self, pairs: pl.DataFrame) -> Tally:
        """What held-out pairs hear, label by label."""
        a, b = self._rows(pairs)
        hidden = np.zeros((len(a), 2), dtype=np.bool_)
        scores = [_heard(self.kernel, *acts, a, b, hidden) for acts in self.acts.values()]
        return Tally(np.array(list(self.acts), dtype=np.str_), np.stack(scores, axis=1))

    def votes(self, pairs: pl.DataFrame, hidden: Hidden) -> Votes:
        """What pairs hear of the families, as features.

        Args:
            pairs: ``drug_a`` and ``drug_b`` ``[q]``.
            hidden: Which of the two drugs no voter may contain ``[q, 2]``.
        """
        a, b = self._rows(pairs)
        nothing = sparse.csr_array(self.kernel.shape)
        heard = []
        for family in FAMILIES:
            own = [acts for kind, acts in self.acts.items() if kind[0] == family]
            directed, mutual = (sum((acts[side] for acts in own), nothing) for side in (0, 1))
            heard.append(_heard(self.kernel, directed, mutual, a, b, hidden))
        shares = _normalised(np.concatenate(heard, axis=1))
        forth, back, mutual = (shares[:, place :: len(DIRECTIONS)] for place in range(len(DIRECTIONS)))
        return Votes(forth + back + mutual, forth - back)

    def _rows(self, pairs: pl.DataFrame) -> tuple[Rows, Rows]:
        a, b = (np.array([self.place[drug] for drug in pairs[side]]) for side in ("drug_a", "drug_b"))
        return a, b


def _acts(
    train: pl.DataFrame, place: Mapping[str, int]
) -> Iterator[tuple[tuple[str, str, str], tuple[Matrix, Matrix]]]:
    for kind, own in sorted(train.group_by(KIND), key=lambda group: group[0]):
        rows, columns = ([place[drug] for drug in own[side]] for side in ("drug_a", "drug_b"))
        ends, direction = np.array([rows, columns]), texts(own["direction"])
        forth, back, both = (ends[:, direction == each] for each in DIRECTIONS)
        sides = np.hstack([forth, back[::-1]]), np.hstack([both, both[::-1]])
        directed, mutual = (
            sparse.csr_array((np.ones(side.shape[1]), tuple(side)), (len(place),) * 2) for side in sides
        )
        yield (str(kind[0]), str(kind[1]), str(kind[2])), (directed, mutual)


def _heard(kernel: Scores, directed: Matrix, mutual: Matrix, a: Rows, b: Rows, hidden: Hidden) -> Scores:
    """Votes by direction ``[q, 3]``."""
    forth = _vote(kernel, directed, a, b, hidden)
    back = _vote(kernel, directed, b, a, hidden[:, ::-1])
    return np.column_stack([forth, back, _vote(kernel, mutual, a, b, hidden)])


def _vote(kernel: Scores, acts: Matrix, a: Rows, b: Rows, hidden: Hidden) -> Scores:
    """The sum of the module's first lines, without what is hidden, ``[q]``."""
    if not acts.nnz:
        return np.zeros(len(a))
    columns = np.unique(acts.indices)
    reached = np.asarray((acts[:, columns].T @ kernel).T)
    whole = _dots(np.ascontiguousarray(reached), np.ascontiguousarray(kernel[:, columns]), a, b)
    known = _at(acts, a, b), _at(acts, b, a)
    if not hidden.any() and not known[0].any() and not known[1].any():
        return whole
    left, right = np.asarray((acts.T @ kernel).T), np.asarray(acts @ kernel)
    h_a, h_b = hidden.T.astype(np.float64)
    k_aa, k_bb, k_ab = kernel[a, a], kernel[b, b], kernel[a, b]
    whole -= h_a * (k_ab * left[a, a] + k_aa * right[a, b]) + h_b * (k_bb * left[a, b] + k_ab * right[b, b])
    whole += (h_a + h_b - 1) * (k_aa * k_bb * known[0] + k_ab * k_ab * known[1])
    return whole.clip(0)  # what is left of a difference of equal sums


def _at(acts: Matrix, rows: Rows, columns: Rows) -> Scores:
    return np.asarray(acts[rows, columns]).ravel()


def _dots(left: Scores, right: Scores, a: Rows, b: Rows) -> Scores:
    """``left[a] . right[b]`` row by row, in blocks that stay small."""
    blocks = (slice(start, start + BLOCK) for start in range(0, len(a), BLOCK))
    return np.concatenate([np.einsum("qd,qd->q", left[a[own]], right[b[own]]) for own in blocks])


def _membership(names: Texts, classes: Texts) -> Scores:
    """Which class each name is, ``[names, classes]``."""
    return np.equal(names[:, None], classes).astype(np.float64)


def _normalised(weight: Scores) -> Scores:
    """Each row divided by its sum; a row of zeros stays one."""
    total = weight.sum(axis=1, keepdims=True)
    shares: Scores = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return shares
