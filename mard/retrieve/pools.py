"""Evidence pools as later stages read them: by set and pair, from finished artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from mard.errors import InputError
from mard.evidence.store import EvidenceStore
from mard.schema import Direction, Family, Label, Neighbour, PairEvidence, Polarity, Pool

Row = Mapping[str, Any]


class PoolStore:
    """The pools of every set: ``teacher``, and one per protocol with its evaluation pairs."""

    def __init__(
        self,
        evidence: EvidenceStore,
        queries: Mapping[tuple[str, str], Row],
        neighbours: Mapping[tuple[str, str], tuple[Neighbour, ...]],
    ) -> None:
        self._evidence = evidence
        self._queries = queries
        self._neighbours = neighbours

    @classmethod
    def open(cls, evidence: Path, retrieve: Path) -> Self:
        """Read the folders of the stages evidence and retrieve."""
        queries = pq.read_table(retrieve / "queries.parquet").to_pylist()
        neighbours = pq.read_table(retrieve / "neighbours.parquet").to_pylist()
        return cls(
            EvidenceStore.open(evidence),
            {(row["set"], row["pair_id"]): row for row in queries},
            group_neighbours(neighbours),
        )

    def pool(self, set: str, pair_id: str) -> Pool:
        """The pool of a pair with its drugs in canonical order; flip it with ``mirror``.

        Raises:
            InputError: The set has no such pair.
        """
        row = self._query(set, pair_id)
        pair = PairEvidence(
            row["pathway_jaccard"], row["protein_jaccard"], row["atc_depth"], row["smiles_tanimoto"]
        )
        neighbours = self._neighbours.get((set, pair_id), ())
        return assemble(self._evidence, row["drug_a"], row["drug_b"], pair, neighbours)

    def pair_ids(self, set: str, part: str | None = None) -> list[str]:
        """Pair ids of a set, sorted; of one part where it is given."""
        return sorted(
            pair_id
            for (own, pair_id), row in self._queries.items()
            if own == set and part in (None, row["part"])
        )

    def part(self, set: str, pair_id: str) -> str:
        """The part of the set that a pair is in: train, val or test."""
        return str(self._query(set, pair_id)["part"])

    def regime(self, set: str, pair_id: str) -> str:
        """Which protocol's retrieval the pair's neighbours imitate."""
        return str(self._query(set, pair_id)["regime"])

    def _query(self, set: str, pair_id: str) -> Row:
        row = self._queries.get((set, pair_id))
        if row is None:
            raise InputError(f"set {set!r} has no pair {pair_id!r}")
        return row


def assemble(
    evidence: EvidenceStore, a: str, b: str, pair: PairEvidence, neighbours: Sequence[Neighbour]
) -> Pool:
    """The pool of drugs ``a`` and ``b`` in this order; the neighbours stand for (a, b) likewise."""
    return Pool(evidence.evidence(a, b), evidence.evidence(b, a), pair, tuple(neighbours))


def group_neighbours(rows: Sequence[Row]) -> dict[tuple[str, str], tuple[Neighbour, ...]]:
    """Rows of the neighbour table by (set, pair id), in rank order."""
    grouped: dict[tuple[str, str], list[tuple[int, Neighbour]]] = {}
    for row in rows:
        label = Label(
            Family(row["family"]), row["subtype"], Direction(row["direction"]), Polarity(row["polarity"])
        )
        neighbour = Neighbour(row["first"], row["second"], row["similarity"], label)
        grouped.setdefault((row["set"], row["pair_id"]), []).append((row["rank"], neighbour))
    return {key: tuple(item for _, item in sorted(ranked, key=_rank)) for key, ranked in grouped.items()}


def _rank(item: tuple[int, Neighbour]) -> int:
    return item[0]
