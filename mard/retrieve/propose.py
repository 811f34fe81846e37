"""Approximate neighbours: faiss proposes training pairs, Eq. 9 decides among them.

Drugs are embedded so that inner products approximate Eq. 8, by the leading eigenvectors of the similarity
matrix. A pair is the embeddings of its two drugs on end; its inner product with a query's is then about
s(a, c) + s(b, d), with the flipped query's about s(a, d) + s(b, c). Both are asked and the proposals
scored exactly, so a neighbour's score and order are right but neighbours may be missing.

The exact join is faster and misses nothing on a CPU; this is for screening on a GPU, and to be measured.

Shapes: n indexed drugs, m training pairs, r dimensions, q queries, p proposals a query, k neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

from mard.errors import InputError
from mard.retrieve.neighbours import NeighbourIndex, Roster, Rows
from mard.retrieve.rank_join import NOTHING, Found, Ranking
from mard.retrieve.similarity import Floats

Kind = Literal["flat", "ivf", "hnsw"]

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
    """An approximate stand-in for one universe of an index.

    Attributes:
        index: The exact index, which scores.
        universe: Whose training pairs may be shown.
        projection: Turns a drug's similarities to the indexed drugs into its embedding, float32 ``[n, r]``.
        pairs: The faiss index over the m training pairs, in their order.
    """

    index: NeighbourIndex
    universe: str
    projection: Floats
    pairs: Any

    @classmethod
    def build(
        cls, index: NeighbourIndex, universe: str, *, rank: int = 64, kind: Kind = "flat", threads: int = 1
    ) -> Self:
        """Embed the drugs of an index and give the pairs of a universe to faiss.

        Args:
            index: With the universe.
            universe: Name of the training pairs.
            rank: Dimensions of a drug; a pair has twice as many.
            kind: ``flat`` compares all pairs, ``ivf`` those in the nearest cells, ``hnsw`` walks a graph (on
                the CPU only, and not the same graph for another number of threads).
            threads: For faiss, in this whole process.

        Raises:
            InputError: faiss is not installed, or the index has no such universe.
        """
        if universe not in index.universes:
            raise InputError(
                f"no universe {universe!r} in the index; it has {', '.join(sorted(index.universes))}"
            )
        pairs = index.universes[universe].members.pairs
        projection = _projection(index.ranking.similarity, rank)
        drugs = index.ranking.similarity @ projection
        vectors = np.hstack([drugs[pairs[:, 0]], drugs[pairs[:, 1]]])
        return cls(index, universe, projection, _faiss_index(vectors, kind, threads))

    def query_many(
        self,
        roster: Roster,
        a: Rows,
        b: Rows,
        k: int,
        *,
        avoid: Rows | None = None,
        breadth: int = 10,
        threads: int = 1,
    ) -> Found:
        """As ``NeighbourIndex.query_many``, among proposals only.

        Args:
            roster: Holds all drugs that are asked about.
            a: Rows of the first drugs, int32 ``[q]``.
            b: Rows of the second drugs.
            k: Neighbours a query.
            avoid: Rows of the drugs that no neighbour may contain, int32 ``[q, w]``, filled up with -1; their
                pairs are dropped after the proposal, so it takes more breadth to find k others.
            breadth: Proposals for each orientation, in multiples of k.
            threads: For faiss, in this whole process.
        """
        _faiss().omp_set_num_threads(threads)
        avoided = np.empty((len(a), 0), dtype=np.int32) if avoid is None else avoid
        shape = (len(a), k)
        found = Found(
            np.full(shape, NOTHING, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
        )
        for start in range(0, len(a), BLOCK):
            part = slice(start, start + BLOCK)
            numbers, totals, turned = self._ranked(roster.guests, a[part], b[part], avoided[part], k, breadth)
            real = totals != NOTHING
            width = slice(numbers.shape[1])
            found.numbers[part, width] = np.where(real, numbers, NOTHING)
            found.scores[part, width] = np.where(real, totals / np.float32(2), 0)
            found.crossed[part, width] = real & turned
        return found

    def _ranked(
        self, guests: Ranking, a: Rows, b: Rows, avoid: Rows, k: int, breadth: int
    ) -> tuple[Rows, Floats, Flags]:
        """The k best of the proposals: numbers, sums of Eq. 9 (-1: leave it out), and whether crossed."""
        pairs = self.index.universes[self.universe].members.pairs
        like_a, like_b = (_likeness(self.index.ranking, guests, rows) for rows in (a, b))
        proposed = self._proposals(like_a, like_b, min(breadth * k + 1, len(pairs)))  # 1: the query itself
        c, d = pairs[proposed, 0], pairs[proposed, 1]
        straight = _at(like_a, c) + _at(like_b, d)
        crossed = _at(like_a, d) + _at(like_b, c)
        totals = np.maximum(straight, crossed)
        totals[_is_hidden(a, b, avoid, c, d) | _is_repeated(proposed)] = NOTHING
        best = np.lexsort((proposed, -totals))[:, :k]
        turned = np.where(straight == crossed, _is_crosswise(a, b, c, d), crossed > straight)
        return _at(proposed, best), _at(totals, best), _at(turned, best)

    def _proposals(self, like_a: Floats, like_b: Floats, width: int) -> Rows:
        """Numbers of the pairs nearest to each query in either orientation, sorted, int32 ``[q, p]``."""
        a, b = like_a @ self.projection, like_b @ self.projection
        both = [self.pairs.search(np.hstack(sides), width)[1] for sides in ((a, b), (b, a))]
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


def _faiss_index(vectors: Floats, kind: Kind, threads: int) -> Any:
    faiss = _faiss()
    faiss.omp_set_num_threads(threads)
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
