"""Approximate neighbours: faiss proposes training pairs, Eq. 9 decides among them.

Drugs are embedded so that inner products approximate Eq. 8, by the leading eigenvectors of the similarity
matrix. A pair is the embeddings of its two drugs on end; its inner product with a query's is then about
s(a, c) + s(b, d), with the flipped query's about s(a, d) + s(b, c). Both are asked and the proposals
scored exactly, so a neighbour's score and order are right but neighbours may be missing.

The exact join is faster and misses nothing on a CPU; this is for screening on a GPU, and to be measured.

Shapes: n indexed drugs, m training pairs, r dimensions, q queries, p proposals a query, k neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from mard.errors import InputError
from mard.retrieve.neighbours import NeighbourIndex, Roster, Rows
from mard.retrieve.rank_join import NOTHING, Found, Ranking
from mard.retrieve.similarity import Floats

Kind = Literal["flat", "ivf", "hnsw"]
T = TypeVar("T")

BLOCK: Final = 512
OVERSAMPLING: Final = 16
ITERATIONS: Final = 4
HNSW_LINKS: Final = 32
PROBES: Final = 16
POINTS_A_CELL: Final = 39
"""The fewest from which faiss learns a cell without a warning."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Proposer:
    """An approximate stand-in for an index that is asked for the nearest: the same :meth:`query_many`.

    Attributes:
        index: The exact index, which scores.
        breadth: Proposals for each orientation of a query, in multiples of k.
        projection: Turns a drug's similarities to the indexed drugs into its embedding, float32 ``[n, r]``.
        proposers: A faiss index over the m training pairs of each universe, in their order.
    """

    index: NeighbourIndex
    breadth: int
    projection: Floats
    proposers: Mapping[str, Any]

    @classmethod
    def build(
        cls,
        index: NeighbourIndex,
        universes: Iterable[str],
        *,
        breadth: int = 10,
        rank: int = 64,
        kind: Kind = "flat",
        threads: int = 1,
    ) -> Self:
        """Embed the drugs of an index and give the pairs of some universes to faiss.

        Args:
            index: With the universes.
            universes: Names of those to propose from.
            breadth: More proposals miss fewer neighbours.
            rank: Dimensions of a drug; a pair has twice as many.
            kind: ``flat`` compares all pairs, ``ivf`` those in the nearest cells, ``hnsw`` walks a graph (on
                the CPU only, and not the same graph for another number of threads).
            threads: For faiss, in this whole process.

        Raises:
            InputError: faiss is not installed, or the index has no such universe.
        """
        faiss = _faiss()
        faiss.omp_set_num_threads(threads)
        projection = _projection(index.ranking.similarity, rank)
        drugs = index.ranking.similarity @ projection
        proposers = {}
        for name in universes:
            pairs = _known(index.universes, name).members.pairs
            vectors = np.hstack([drugs[pairs[:, 0]], drugs[pairs[:, 1]]])
            proposers[name] = _faiss_index(faiss, vectors, kind)
        return cls(index, breadth, projection, proposers)

    def query_many(
        self,
        universe: str,
        roster: Roster,
        a: Rows,
        b: Rows,
        k: int,
        *,
        avoid: Rows | None = None,
        threads: int = 1,
    ) -> Found:
        """The nearest pairs as by ``NeighbourIndex.query_many``, among proposals only.

        Pairs with a drug to avoid are dropped after the proposal, so it takes more breadth to find k others.
        The number of threads is for faiss, in this whole process.
        """
        _faiss().omp_set_num_threads(threads)
        avoided = np.empty((len(a), 0), dtype=np.int32) if avoid is None else avoid
        shape = (len(a), k)
        found = Found(
            np.full(shape, NOTHING, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
        )
        for start in range(0, len(a), BLOCK):
            part = slice(start, start + BLOCK)
            numbers, totals, turned = self._ranked(
                universe, roster.guests, a[part], b[part], avoided[part], k
            )
            real = totals != NOTHING
            width = slice(numbers.shape[1])
            found.numbers[part, width] = np.where(real, numbers, NOTHING)
            found.scores[part, width] = np.where(real, totals / np.float32(2), 0)
            found.crossed[part, width] = real & turned
        return found

    def _ranked(
        self, universe: str, guests: Ranking, a: Rows, b: Rows, avoid: Rows, k: int
    ) -> tuple[Rows, Floats, Flags]:
        """The k best of the proposals: numbers, sums of Eq. 9 (-1: leave it out), and whether crossed."""
        proposer, pairs = _known(self.proposers, universe), self.index.universes[universe].members.pairs
        like_a, like_b = (_likeness(self.index.ranking, guests, rows) for rows in (a, b))
        width = min(self.breadth * k + 1, len(pairs))  # 1: the query itself
        proposed = _proposals(proposer, like_a @ self.projection, like_b @ self.projection, width)
        c, d = pairs[proposed, 0], pairs[proposed, 1]
        straight = _at(like_a, c) + _at(like_b, d)
        crossed = _at(like_a, d) + _at(like_b, c)
        totals = np.maximum(straight, crossed)
        totals[_is_hidden(a, b, avoid, c, d) | _is_repeated(proposed)] = NOTHING
        best = np.lexsort((proposed, -totals))[:, :k]
        turned = np.where(straight == crossed, _is_crosswise(a, b, c, d), crossed > straight)
        return _at(proposed, best), _at(totals, best), _at(turned, best)


def _known(universes: Mapping[str, T], name: str) -> T:
    if name not in universes:
        raise InputError(f"no universe {name!r} to propose from; there is {', '.join(sorted(universes))}")
    return universes[name]


def _proposals(proposer: Any, a: Floats, b: Floats, width: int) -> Rows:
    """Numbers of the pairs nearest to each query in either orientation, sorted, int32 ``[q, p]``."""
    both = [proposer.search(np.hstack(sides), width)[1] for sides in ((a, b), (b, a))]
    return np.sort(np.hstack(both), axis=1).astype(np.int32)


def _projection(similarity: Floats, rank: int) -> Floats:
    """Of the leading eigenvectors, by subspace iteration from a seeded start; float32 ``[n, r]``."""
    drugs = len(similarity)
    start = np.random.default_rng(0).standard_normal((drugs, min(rank + OVERSAMPLING, drugs)))
    basis = start.astype(np.float32)
    for _ in range(ITERATIONS):
        basis = np.linalg.qr(similarity @ basis)[0]
    values, vectors = np.linalg.eigh(basis.T @ (similarity @ basis))
    kept = np.flatnonzero(values > 1e-4 * values[-1])[-rank:]
    return np.asarray(basis @ (vectors[:, kept] / np.sqrt(values[kept])), dtype=np.float32)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            "faiss is not installed; install the extra of this machine, 'mard[cpu]' or 'mard[gpu]'"
        ) from error
    return faiss


def _faiss_index(faiss: Any, vectors: Floats, kind: Kind) -> Any:
    width, product = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(width, HNSW_LINKS, product)
    elif kind == "ivf":
        cells = max(1, min(int(4 * len(vectors) ** 0.5), len(vectors) // POINTS_A_CELL))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, product)
        index.nprobe = PROBES
    else:
        index = faiss.IndexFlatIP(width)
    if kind != "hnsw" and faiss.get_num_gpus() > 0:
        index = faiss.index_cpu_to_all_gpus(index)
    index.train(vectors)
    index.add(vectors)
    return index


def _likeness(indexed: Ranking, guests: Ranking, rows: Rows) -> Floats:
    """Eq. 8 of drugs on the roster with the indexed ones, float32 ``[q, n]``."""
    drugs = indexed.similarity.shape[1]
    inside = rows < drugs
    likeness = np.empty((len(rows), drugs), dtype=np.float32)
    likeness[inside] = indexed.similarity[rows[inside]]
    likeness[~inside] = guests.similarity[rows[~inside] - drugs]
    return likeness


def _at(values: npt.NDArray[Any], columns: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.take_along_axis(values, columns, axis=1)


def _is_hidden(a: Rows, b: Rows, avoid: Rows, c: Rows, d: Rows) -> Flags:
    """The query itself, or a pair that holds a drug to avoid, ``[q, p]``."""
    hidden: Flags = ((c == a[:, None]) & (d == b[:, None])) | ((c == b[:, None]) & (d == a[:, None]))
    for drug in avoid.T:
        hidden |= (c == drug[:, None]) | (d == drug[:, None])
    return hidden


def _is_crosswise(a: Rows, b: Rows, c: Rows, d: Rows) -> Flags:
    """Whether more drugs are in common crosswise, for sums that are equal, ``[q, p]``."""
    in_place = (c == a[:, None]).astype(np.int8) + (d == b[:, None])
    crosswise = (d == a[:, None]).astype(np.int8) + (c == b[:, None])
    return np.asarray(crosswise > in_place)


def _is_repeated(proposed: Rows) -> Flags:
    """Proposed in both orientations, or no proposal, in sorted rows ``[q, p]``."""
    repeated = np.asarray(proposed == NOTHING)
    repeated[:, 1:] |= proposed[:, 1:] == proposed[:, :-1]
    return repeated
