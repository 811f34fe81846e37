"""Screen all pairs of many drugs by retrieval: what do the known pairs most like each one say?

The pairs of n drugs form a triangle, which is cut into square blocks (shards) of drugs by drugs. A shard is
computed from the index alone, so shards can run anywhere in any order and still give the same bytes.

This ranks unlisted pairs for research. It is retrieval over known interactions, not the trained student's
prediction, and not a statement about patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from mard.errors import InputError
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.rank_join import Found
from mard.retrieve.similarity import pair_scalars
from mard.retrieve.vote import Ballots
from mard.schema import LABEL

Known = Literal["include", "exclude"]
Array = npt.NDArray[Any]

NOTICE: Final = (
    "Retrieval-based screening for research: labels are the vote of the most similar known pairs, not "
    "predictions of the trained student, and not medical advice."
)

COLUMNS: Final = {
    "drug_a": "canonical order: drug_a < drug_b",
    "drug_b": "",
    "known": "whether the release lists the pair",
    "similarity": "Eq. 9 of the nearest training pair",
    "family": "the vote of the k nearest, and likewise subtype, direction and polarity",
    "subtype": "",
    "direction": "",
    "polarity": "",
    "share": "the winning family's share of the vote",
    "pathway_jaccard": "the four channels of Eq. 8",
    "protein_jaccard": "",
    "atc_depth": "",
    "smiles_tanimoto": "",
}


@dataclass(frozen=True)
class Shard:
    """The pairs of one block of drugs with another, or within one."""

    row: int
    column: int

    @property
    def file_name(self) -> str:
        """``pairs-0003-0007.parquet``."""
        return f"pairs-{self.row:04d}-{self.column:04d}.parquet"


@dataclass(frozen=True)
class Screening:
    """What is asked of an index.

    Attributes:
        universe: Whose training pairs vote.
        k: Neighbours that vote.
        known: Whether pairs that the release lists are screened too.
        min_similarity: Pairs whose nearest neighbour is less like them are left out.
        shard_drugs: Drugs a block.
        drugs: Ids, sorted; all their pairs are screened.

    Raises:
        InputError: There are fewer than two drugs, or a number is out of range.
    """

    universe: str
    k: int
    known: Known
    min_similarity: float
    shard_drugs: int
    drugs: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.known not in get_args(Known):
            raise InputError(f"known is {self.known!r}: the choice is {' or '.join(get_args(Known))}")
        if len(self.drugs) < 2:
            raise InputError(f"a screening needs at least two drugs, got {len(self.drugs)}")
        if self.k < 1:
            raise InputError(f"k is {self.k}: at least one neighbour has to vote (--k)")
        if not 0 <= self.min_similarity <= 1:
            raise InputError(f"a similarity lies between 0 and 1, got a least one of {self.min_similarity}")
        if self.shard_drugs < 1:
            raise InputError(f"{self.shard_drugs} drugs a shard: at least one is needed")

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return len(self.drugs) * (len(self.drugs) - 1) // 2

    def shards(self) -> Iterator[Shard]:
        """The blocks of the triangle that hold a pair, row by row."""
        blocks = -(-len(self.drugs) // self.shard_drugs)
        for row in range(blocks):
            for column in range(row, blocks):
                if self.pairs_of(Shard(row, column)):
                    yield Shard(row, column)

    def pairs_of(self, shard: Shard) -> int:
        """How many pairs a shard has."""
        rows, columns = len(self.block(shard.row)), len(self.block(shard.column))
        return rows * (rows - 1) // 2 if shard.row == shard.column else rows * columns

    def block(self, number: int) -> range:
        """Places of a block's drugs."""
        start = number * self.shard_drugs
        return range(start, min(start + self.shard_drugs, len(self.drugs)))


@dataclass(frozen=True)
class Screened:
    """What came of a shard.

    Attributes:
        table: One row a pair that was kept, sorted by drug_a and drug_b; see :data:`COLUMNS`.
        counts: ``pairs`` asked, those left out as ``known`` or ``dissimilar``, and the ones ``kept``.
    """

    table: pa.Table
    counts: dict[str, int]


class Screener:
    """Computes shards of one screening; made once a process, for it maps the index."""

    def __init__(self, index: NeighbourIndex, screening: Screening, labelled: pl.DataFrame) -> None:
        """``labelled`` has the pairs that the release lists: drug_a, drug_b."""
        self._index = index
        self._ask = screening
        self._drugs = np.array(screening.drugs)
        self._ballots = Ballots.of(index.labels)
        self._known = _codes(labelled, screening.drugs)

    def screen(self, shard: Shard) -> Screened:
        """The shard's pairs with their vote and channels.

        Raises:
            InputError: The index has no such universe, or nothing in it.
        """
        ask = self._ask
        a, b = _pairs(ask.block(shard.row), ask.block(shard.column))
        known = _contains(self._known, a * len(ask.drugs) + b)
        counts = {"pairs": len(a), "known": 0}
        if ask.known == "exclude":
            counts["known"] = int(known.sum())
            a, b, known = a[~known], b[~known], known[~known]
        found = self._nearest(a, b)
        near = (found.numbers[:, 0] >= 0) & (found.scores[:, 0] >= np.float32(ask.min_similarity))
        counts |= {"dissimilar": int((~near).sum()), "kept": int(near.sum())}
        kept = Found(found.numbers[near], found.scores[near], found.crossed[near])
        return Screened(self._table(shard, a[near], b[near], known[near], kept), counts)

    def _nearest(self, a: Array, b: Array) -> Found:
        named = np.unique(np.concatenate([a, b]))
        roster = self._index.roster(self._drugs[named].tolist())
        rows = np.full(len(self._drugs), -1, dtype=np.int32)
        rows[named] = roster.rows(pl.Series(self._drugs[named], dtype=pl.String))
        return self._index.query_many(self._ask.universe, roster, rows[a], rows[b], self._ask.k)

    def _table(self, shard: Shard, a: Array, b: Array, known: Array, found: Found) -> pa.Table:
        codes = self._index.label_codes(self._ask.universe, found)
        votes = self._ballots.vote(codes, found.crossed, found.scores)
        rows = self._index.features.rows_of(self._drugs.tolist())
        channels = pair_scalars(self._index.features, rows[a], rows[b])
        columns = {
            "drug_a": self._dictionary(a, self._ask.block(shard.row)),
            "drug_b": self._dictionary(b, self._ask.block(shard.column)),
            "known": pa.array(known),
            "similarity": pa.array(found.scores[:, 0]),
            **{
                level: pa.DictionaryArray.from_arrays(pa.array(winners.astype(np.int16)), list(names))
                for level, winners, names in zip(LABEL, votes.winners.T, self._ballots.names, strict=True)
            },
            "share": pa.array(votes.share),
            "pathway_jaccard": pa.array(channels.pathway_jaccard),
            "protein_jaccard": pa.array(channels.protein_jaccard),
            "atc_depth": pa.array(channels.atc_depth),
            "smiles_tanimoto": pa.array(channels.smiles_tanimoto),
        }
        return pa.table({name: columns[name] for name in COLUMNS})

    def _dictionary(self, places: Array, block: range) -> pa.DictionaryArray:
        """Drug ids of a block, each written once."""
        indices = pa.array((places - block.start).astype(np.int32))
        return pa.DictionaryArray.from_arrays(indices, pa.array(self._ask.drugs[block.start : block.stop]))


def _pairs(rows: range, columns: range) -> tuple[Array, Array]:
    """Places of the pairs of two blocks, the lesser first, sorted."""
    a = np.repeat(np.arange(rows.start, rows.stop), len(columns))
    b = np.tile(np.arange(columns.start, columns.stop), len(rows))
    ordered = a < b
    return a[ordered], b[ordered]


def _codes(pairs: pl.DataFrame, drugs: tuple[str, ...]) -> Array:
    """Pairs of listed drugs as place of drug_a * n + place of drug_b, sorted, int64."""
    place = pl.DataFrame({"drug": drugs}, schema={"drug": pl.String}).with_row_index("place")
    listed = pairs.select("drug_a", "drug_b").join(place, left_on="drug_a", right_on="drug")
    listed = listed.join(place, left_on="drug_b", right_on="drug", suffix="_b")
    codes = listed.select(pl.col("place").cast(pl.Int64) * len(drugs) + pl.col("place_b").cast(pl.Int64))
    return np.sort(codes.to_series().to_numpy())


def _contains(codes: Array, asked: Array) -> Array:
    """Which of ``asked`` are among the sorted ``codes``."""
    if not len(codes):
        return np.zeros(len(asked), dtype=np.bool_)
    found: Array = codes[np.minimum(np.searchsorted(codes, asked), len(codes) - 1)] == asked
    return found
