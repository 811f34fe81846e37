"""Exact nearest pairs (Eq. 9), one set of training pairs ("universe") a protocol.

s((a, b), (c, d)) = max( s(a, c) + s(b, d), s(a, d) + s(b, c) ) / 2 with s of Eq. 8; ties go to the
lesser pair id. The sum is the definition, so results do not depend on how they were found: here by a
rank join over the drugs in order of likeness. With a ``sharpness``, families are shown in proportion to
what all training pairs say (:mod:`mard.retrieve.proportional`), the nearest of each.

Shapes: n indexed drugs, g guests, m training pairs, q queries, k neighbours, w drugs to avoid at most.
"""

from __future__ import annotations

import json
from collections import ChainMap, Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.config import Weights
from mard.errors import InputError
from mard.io import read_json, write_text
from mard.mirror import mirror
from mard.retrieve.proportional import Electorate, proportional
from mard.retrieve.rank_join import Found, Membership, Ranking, rank_join
from mard.retrieve.similarity import DrugFeatures, drug_similarity, pair_evidence
from mard.schema import LABEL, Direction, Family, Label, Neighbour, PairEvidence, PairId, Polarity

FORMAT: Final = 3

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Universe:
    """Training pairs that may be shown, sorted by pair id.

    Attributes:
        members: The m pairs, by the rows of their drugs.
        labels: Code of each pair's label, int32 ``[m]``.
    """

    members: Membership
    labels: Rows


@dataclass(frozen=True)
class Roster:
    """Drugs that queries may name: the n indexed ones, and g guests that are in no training pair.

    Attributes:
        place: Row of each drug, 0 to n - 1 for the indexed ones, then the guests.
        guests: Likeness of the guests to the indexed drugs.
    """

    place: Mapping[str, int]
    guests: Ranking

    def rows(self, drug_ids: pl.Series) -> Rows:
        """Rows of drugs that are all on the roster, int32."""
        places = pl.Series(list(self.place.values()), dtype=pl.Int32)
        return drug_ids.replace_strict(pl.Series(list(self.place), dtype=pl.String), places).to_numpy()


@dataclass(frozen=True)
class NeighbourIndex:
    """Answers "which labelled training pairs are most like this one", or a poll of them all.

    Attributes:
        features: What the channels compare, for all drugs of the release.
        weights: Channel weights of Eq. 8.
        drug_ids: The n drugs that occur in training pairs, sorted.
        ranking: Eq. 8 among them, and each one's order of the others.
        labels: Distinct labels, by code.
        universes: Training pairs by name of the protocol.
    """

    features: DrugFeatures
    weights: Weights
    drug_ids: tuple[str, ...]
    ranking: Ranking
    labels: tuple[Label, ...]
    universes: Mapping[str, Universe]

    @classmethod
    def build(
        cls,
        features: DrugFeatures,
        weights: Weights,
        universes: Mapping[str, pl.DataFrame],
        *,
        threads: int = 1,
    ) -> Self:
        """Index the labelled pairs of each universe.

        Args:
            features: Of all drugs of the release.
            weights: Channel weights of Eq. 8.
            universes: ``drug_a``, ``drug_b`` in canonical order, ``family``, ``subtype``, ``direction`` and
                ``polarity``, in any order of rows.
            threads: For the similarity matrix.
        """
        pairs = {name: own.select("drug_a", "drug_b", *LABEL) for name, own in universes.items()}
        every = pl.concat(pairs.values())
        ids = pl.concat([every["drug_a"], every["drug_b"]]).unique().sort()
        labels = every.select(LABEL).unique().sort(LABEL)
        drugs, codes = _numbered(ids.to_frame("drug"), "row"), _numbered(labels, "code")
        return cls(
            features,
            weights,
            tuple(ids),
            _ranking(features, tuple(ids), weights, threads),
            tuple(_label(*values) for values in labels.iter_rows()),
            {name: _universe(own, drugs, codes) for name, own in pairs.items()},
        )

    def reweighted(self, weights: Weights, *, threads: int = 1) -> Self:
        """The same pairs under other channel weights."""
        return replace(
            self, weights=weights, ranking=_ranking(self.features, self.drug_ids, weights, threads)
        )

    def query(
        self,
        universe: str,
        drug_a: str,
        drug_b: str,
        k: int,
        *,
        avoid: frozenset[str] = frozenset(),
        sharpness: float | None = None,
    ) -> list[Neighbour]:
        """The k most similar pairs of a universe, or k in proportion, without the query itself (exact Eq. 9).

        Args:
            universe: Whose training pairs may be shown.
            drug_a: Shown as A; a drug without features is like no other.
            drug_b: Shown as B.
            k: How many; fewer where the universe is smaller.
            avoid: Drugs that no neighbour may contain.
            sharpness: Show families in proportion to the vote of all pairs; None: the nearest pairs.

        Returns:
            Best first; in proportion, in the order in which places were given. Each is turned so that
            ``first`` stands for ``drug_a``.
        """
        pair = PairId.of(drug_a, drug_b)
        roster = self.roster((pair.a, pair.b))
        a, b = (np.array([roster.place[drug]], dtype=np.int32) for drug in (pair.a, pair.b))
        hidden = [self._place[drug] for drug in sorted(avoid) if drug in self._place]
        avoided = np.array([hidden], dtype=np.int32)
        found = self.query_many(universe, roster, a, b, k, avoid=avoided, sharpness=sharpness)
        neighbours = self._neighbours(universe, found)
        return neighbours if drug_a == pair.a else [mirror(neighbour) for neighbour in neighbours]

    def query_many(
        self,
        universe: str,
        roster: Roster,
        a: Rows,
        b: Rows,
        k: int,
        *,
        avoid: Rows | None = None,
        sharpness: float | None = None,
        threads: int = 1,
    ) -> Found:
        """:meth:`query` for q pairs in canonical order, as arrays.

        Args:
            universe: Whose training pairs may be shown.
            roster: Holds all drugs that are asked about.
            a: Rows of the first drugs, int32 ``[q]``.
            b: Rows of the second drugs, whose ids are greater.
            k: Neighbours a query.
            avoid: Rows of the drugs that no neighbour may contain, int32 ``[q, w]``, filled up with -1.
            sharpness: Show families in proportion to the vote of all pairs; None: the nearest pairs.
            threads: Threads that share the queries; the result is the same for any number.
        """
        own = self._universe(universe)
        avoided = np.empty((len(a), 0), dtype=np.int32) if avoid is None else avoid
        if sharpness is None:
            return rank_join(self.ranking, roster.guests, own.members, a, b, avoided, k, threads)
        electorates = self._electorates
        electorate = electorates.get(universe) or electorates.setdefault(universe, self._electorate(own))
        return proportional(self.ranking, roster.guests, electorate, a, b, avoided, k, sharpness, threads)

    def roster(self, drug_ids: Iterable[str]) -> Roster:
        """A roster that holds these drugs; an unknown one is like no other."""
        outside = sorted(set(drug_ids) - self._place.keys())
        if not outside:
            return self._home
        rows, columns = self.features.rows_of(outside), self.features.rows_of(self.drug_ids)
        similarity = drug_similarity(self.features, rows, columns, self.weights)
        guests = {drug: len(self.drug_ids) + row for row, drug in enumerate(outside)}
        return Roster(ChainMap(self._place, guests), Ranking.of(similarity))

    def shown(self, universe: str, found: Found) -> pl.DataFrame:
        """Found neighbours as a table.

        Returns:
            ``query`` (its number), ``rank``, ``first``, ``second``, ``similarity`` and the label's columns,
            the direction relative to (first, second); sorted by query and rank.
        """
        own = self._universe(universe)
        query, rank = np.nonzero(found.numbers >= 0)
        numbers, crossed = found.numbers[query, rank], found.crossed[query, rank]
        c, d = own.members.pairs[numbers].T
        ids = pl.Series(self.drug_ids, dtype=pl.String)
        places = {
            "query": query,
            "rank": rank,
            "first": ids[np.where(crossed, d, c)],
            "second": ids[np.where(crossed, c, d)],
            "similarity": found.scores[query, rank].astype(np.float64),
        }
        turned = own.labels[numbers] + len(self.labels) * crossed
        return pl.DataFrame(places).hstack(self._label_table[turned])

    def label_codes(self, universe: str, found: Found) -> Rows:
        """Code of each found pair's label, int32 ``[q, k]``; -1 past the last."""
        labels = np.append(self._universe(universe).labels, np.int32(-1))
        return labels[found.numbers]

    def pair_evidence(self, drug_a: str, drug_b: str) -> PairEvidence:
        """The four channels of one pair of drugs, known or not."""
        a, b = (self.features.rows_of([drug]) for drug in (drug_a, drug_b))
        return pair_evidence(self.features, a, b)[0]

    def family_counts(self, universe: str) -> dict[Family, int]:
        """Pairs of each family in a universe."""
        counts = np.bincount(self._universe(universe).labels, minlength=len(self.labels))
        families: Counter[Family] = Counter()
        for label, count in zip(self.labels, counts.tolist(), strict=True):
            families[label.family] += count
        return dict(families)

    def save(self, folder: Path) -> None:
        """Write the index as plain arrays and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self.features.save(folder)
        _save(folder, self.ranking)
        for name, universe in self.universes.items():
            _save(folder, universe.members, f"{name}.")
            np.save(folder / f"{name}.labels.npy", universe.labels, allow_pickle=False)
        header = {
            "format": FORMAT,
            "weights": asdict(self.weights),
            "drug_ids": self.drug_ids,
            "labels": [asdict(label) for label in self.labels],
            "universes": sorted(self.universes),
        }
        write_text(folder / "index.json", json.dumps(header, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Memory-map an index.

        Raises:
            InputError: It is missing, or of another format.
        """
        header = read_json(folder / "index.json")
        if header.get("format") != FORMAT:
            raise InputError(
                f"{folder}: index format {header.get('format')!r}, expected {FORMAT}; run retrieve again"
            )
        return cls(
            DrugFeatures.load(folder),
            Weights(**header["weights"]),
            tuple(header["drug_ids"]),
            Ranking(*(_load(folder / f"{field}.npy") for field in Ranking._fields)),
            tuple(_label(**values) for values in header["labels"]),
            {
                name: Universe(
                    Membership(*(_load(folder / f"{name}.{field}.npy") for field in Membership._fields)),
                    _load(folder / f"{name}.labels.npy"),
                )
                for name in header["universes"]
            },
        )

    @cached_property
    def _electorates(self) -> dict[str, Electorate]:
        """Of the universes that were asked in proportion."""
        return {}

    def _electorate(self, universe: Universe) -> Electorate:
        codes = {family: code for code, family in enumerate(Family)}
        families = np.array([codes[label.family] for label in self.labels], dtype=np.int8)
        return Electorate.of(universe.members, families[universe.labels], len(codes))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {drug: row for row, drug in enumerate(self.drug_ids)}

    @cached_property
    def _home(self) -> Roster:
        """The roster without guests."""
        nobody = np.empty((0, len(self.drug_ids)), dtype=np.float32)
        return Roster(self._place, Ranking.of(nobody))

    @cached_property
    def _label_table(self) -> pl.DataFrame:
        """The labels by code, then their mirror images."""
        rows = [tuple(map(str, astuple(label))) for label in (*self.labels, *map(mirror, self.labels))]
        return pl.DataFrame(rows, schema=dict.fromkeys(LABEL, pl.String), orient="row")

    def _universe(self, name: str) -> Universe:
        if name not in self.universes:
            raise InputError(f"no universe {name!r} in the index; it has {', '.join(sorted(self.universes))}")
        return self.universes[name]

    def _neighbours(self, universe: str, found: Found) -> list[Neighbour]:
        """What one query found."""
        own, neighbours = self.universes[universe], []
        for number, score, crossed in zip(found.numbers[0], found.scores[0], found.crossed[0], strict=True):
            if number >= 0:
                c, d = (self.drug_ids[row] for row in own.members.pairs[number])
                neighbour = Neighbour(c, d, float(score), self.labels[own.labels[number]])
                neighbours.append(mirror(neighbour) if crossed else neighbour)
        return neighbours


def _ranking(features: DrugFeatures, drug_ids: Sequence[str], weights: Weights, threads: int) -> Ranking:
    rows = features.rows_of(drug_ids)
    return Ranking.of(drug_similarity(features, rows, rows, weights, threads=threads))


def _numbered(values: pl.DataFrame, name: str) -> pl.DataFrame:
    return values.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(name))


def _universe(pairs: pl.DataFrame, drugs: pl.DataFrame, codes: pl.DataFrame) -> Universe:
    rows = (
        pairs.join(drugs.rename({"row": "c"}), left_on="drug_a", right_on="drug")
        .join(drugs.rename({"row": "d"}), left_on="drug_b", right_on="drug")
        .join(codes, on=LABEL)
        .sort("c", "d")
    )
    members = Membership.of(rows.select("c", "d").to_numpy(), drugs.height)
    return Universe(members, rows["code"].to_numpy())


def _label(family: str, subtype: str, direction: str, polarity: str) -> Label:
    return Label(Family(family), subtype, Direction(direction), Polarity(polarity))


def _save(folder: Path, arrays: Ranking | Membership, prefix: str = "") -> None:
    for field in arrays._fields:
        np.save(folder / f"{prefix}{field}.npy", getattr(arrays, field), allow_pickle=False)


def _load(path: Path) -> npt.NDArray[Any]:
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
