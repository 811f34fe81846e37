"""Exact nearest pairs (Eq. 9), one set of training pairs ("universe") a protocol.

s((a, b), (c, d)) = max( s(a, c) + s(b, d), s(a, d) + s(b, c) ) / 2 with s of Eq. 8; ties go to the
lesser pair id. The sum is the definition, so results do not depend on how they were found.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from mard.config import Weights
from mard.errors import InputError
from mard.io import read_json, write_text
from mard.mirror import mirror
from mard.retrieve.similarity import DrugFeatures, Floats, Rows, drug_similarity, pair_evidence
from mard.schema import Direction, Family, Label, Neighbour, PairEvidence, PairId, Polarity

FORMAT: Final = 2


@dataclass(frozen=True)
class Universe:
    """Training pairs that may be shown, sorted by pair id.

    Attributes:
        pairs: Rows of the two drugs in the similarity matrix, int32 ``[m, 2]``, drug_a first.
        labels: Code of each pair's label, int32 ``[m]``.
    """

    pairs: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]

    @cached_property
    def _by_drug(self) -> tuple[Rows, Rows]:
        """Pairs ordered by the drugs they touch: pair numbers, and where each drug's begin."""
        drugs = self.pairs.reshape(-1)
        order = np.argsort(drugs, kind="stable")
        starts = np.searchsorted(drugs[order], np.arange(int(drugs.max(initial=-1)) + 2))
        return order // 2, starts

    def touching(self, drug: int) -> Rows:
        """Numbers of the pairs that hold a drug."""
        pairs, starts = self._by_drug
        return pairs[starts[drug] : starts[drug + 1]] if drug + 1 < len(starts) else pairs[:0]


@dataclass(frozen=True)
class NeighbourIndex:
    """Answers "which labelled training pairs are most like this one".

    Attributes:
        features: What the channels compare, for all drugs of the release.
        weights: Channel weights of Eq. 8.
        drug_ids: The n drugs that occur in training pairs, sorted.
        similarity: Eq. 8 among them, float32 ``[n, n]``.
        labels: Distinct labels, by code.
        universes: Training pairs by name of the protocol.
    """

    features: DrugFeatures
    weights: Weights
    drug_ids: tuple[str, ...]
    similarity: Floats
    labels: tuple[Label, ...]
    universes: Mapping[str, Universe]

    @classmethod
    def build(
        cls,
        features: DrugFeatures,
        weights: Weights,
        universes: Mapping[str, Sequence[tuple[str, str, Label]]],
    ) -> Self:
        """Index the labelled pairs (drug_a, drug_b, label) of each universe; drugs in canonical order."""
        ids = tuple(sorted({drug for pairs in universes.values() for a, b, _ in pairs for drug in (a, b)}))
        labels = tuple(sorted({label for pairs in universes.values() for *_, label in pairs}, key=_label_key))
        place = {drug: row for row, drug in enumerate(ids)}
        code = {label: number for number, label in enumerate(labels)}
        arrays = {}
        for name, pairs in universes.items():
            ordered = sorted(pairs, key=lambda pair: pair[:2])
            drugs = np.array([(place[a], place[b]) for a, b, _ in ordered], dtype=np.int32).reshape(-1, 2)
            arrays[name] = Universe(drugs, np.array([code[label] for *_, label in ordered], dtype=np.int32))
        rows = features.rows_of(ids)
        return cls(features, weights, ids, drug_similarity(features, rows, rows, weights), labels, arrays)

    def reweighted(self, weights: Weights) -> Self:
        """The same pairs under other channel weights."""
        rows = self.features.rows_of(self.drug_ids)
        return replace(self, weights=weights, similarity=drug_similarity(self.features, rows, rows, weights))

    def query(
        self, universe: str, drug_a: str, drug_b: str, k: int, *, avoid: frozenset[str] = frozenset()
    ) -> list[Neighbour]:
        """The k most similar pairs of a universe, the query itself left out (exact Eq. 9).

        Args:
            universe: Whose training pairs may be shown.
            drug_a: Shown as A; a drug without features is like no other.
            drug_b: Shown as B.
            k: How many; fewer where the universe is smaller.
            avoid: Drugs that no neighbour may contain.

        Returns:
            Best first, each turned so that ``first`` stands for ``drug_a``.
        """
        pair = PairId.of(drug_a, drug_b)
        pairs = self._universe(universe).pairs
        a, b = self.row(pair.a), self.row(pair.b)
        straight = a[pairs[:, 0]] + b[pairs[:, 1]]
        crossed = a[pairs[:, 1]] + b[pairs[:, 0]]
        scores = np.maximum(straight, crossed) / np.float32(2)
        scores[self._hidden(universe, pair, avoid)] = -1
        found = [
            self._neighbour(
                universe, pair, number, float(scores[number]), float(straight[number] - crossed[number])
            )
            for number in top(scores, k)
        ]
        return found if drug_a == pair.a else [mirror(neighbour) for neighbour in found]

    def pair_evidence(self, drug_a: str, drug_b: str) -> PairEvidence:
        """The four channels of one pair of drugs, known or not."""
        return self.pairs_evidence([(drug_a, drug_b)])[0]

    def pairs_evidence(self, pairs: Sequence[tuple[str, str]]) -> list[PairEvidence]:
        """The four channels of many pairs of drugs."""
        a, b = (self.features.rows_of(pair[side] for pair in pairs) for side in (0, 1))
        return pair_evidence(self.features, a, b)

    def family_counts(self, universe: str) -> dict[Family, int]:
        """Pairs of each family in a universe."""
        counts = np.bincount(self._universe(universe).labels, minlength=len(self.labels))
        families: Counter[Family] = Counter()
        for label, count in zip(self.labels, counts.tolist(), strict=True):
            families[label.family] += count
        return dict(families)

    def row(self, drug: str) -> Floats:
        """Eq. 8 of a drug with the n indexed drugs, float32 ``[n]``; zeros for an unknown drug."""
        if drug in self._place:
            return np.asarray(self.similarity[self._place[drug]])
        own, indexed = self.features.rows_of((drug,)), self.features.rows_of(self.drug_ids)
        return np.asarray(drug_similarity(self.features, own, indexed, self.weights)[0])

    def save(self, folder: Path) -> None:
        """Write the index as plain arrays and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self.features.save(folder)
        np.save(folder / "similarity.npy", self.similarity, allow_pickle=False)
        for name, universe in self.universes.items():
            np.save(folder / f"{name}.pairs.npy", universe.pairs, allow_pickle=False)
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
        universes = {
            name: Universe(*(_load(folder / f"{name}.{part}.npy") for part in ("pairs", "labels")))
            for name in header["universes"]
        }
        labels = tuple(_label(**values) for values in header["labels"])
        return cls(
            DrugFeatures.load(folder),
            Weights(**header["weights"]),
            tuple(header["drug_ids"]),
            _load(folder / "similarity.npy"),
            labels,
            universes,
        )

    @cached_property
    def _place(self) -> dict[str, int]:
        return {drug: row for row, drug in enumerate(self.drug_ids)}

    def _universe(self, name: str) -> Universe:
        if name not in self.universes:
            raise InputError(f"no universe {name!r} in the index; it has {', '.join(sorted(self.universes))}")
        return self.universes[name]

    def _hidden(self, universe: str, pair: PairId, avoid: frozenset[str]) -> Rows:
        """Numbers of the pairs that must not be shown: the query, and those that hold a drug to avoid."""
        pairs = self.universes[universe]
        touching = [
            pairs.touching(self._place[drug]) if drug in self._place else np.empty(0, dtype=np.int64)
            for drug in (pair.a, pair.b, *sorted(avoid))
        ]
        return np.concatenate([np.intersect1d(touching[0], touching[1]), *touching[2:]])

    def _neighbour(self, universe: str, query: PairId, number: int, score: float, lead: float) -> Neighbour:
        """The neighbour turned to the query: by the better sum of Eq. 9, then by drugs in common."""
        pairs = self.universes[universe]
        c, d = (self.drug_ids[row] for row in pairs.pairs[number])
        neighbour = Neighbour(c, d, score, self.labels[pairs.labels[number]])
        in_place = (c == query.a) + (d == query.b)
        crosswise = (d == query.a) + (c == query.b)
        straight = lead > 0 or (lead == 0 and in_place >= crosswise)
        return neighbour if straight else mirror(neighbour)


def top(scores: Floats, k: int) -> list[int]:
    """Positions of the k highest non-negative scores, ties to the lower position."""
    allowed = np.flatnonzero(scores >= 0)
    if len(allowed) > k:
        least = np.partition(scores[allowed], len(allowed) - k)[len(allowed) - k]
        allowed = allowed[scores[allowed] >= least]
    best = allowed[np.argsort(-scores[allowed], kind="stable")][:k]
    return [int(number) for number in best]


def _label_key(label: Label) -> tuple[str, ...]:
    return (label.family, label.subtype, label.direction, label.polarity)


def _label(family: str, subtype: str, direction: str, polarity: str) -> Label:
    return Label(Family(family), subtype, Direction(direction), Polarity(polarity))


def _load(path: Path) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
