"""Similarity of two drugs over four channels (Eq. 8).

s(u, v) = w1 J_pathway + w2 J_protein + w3 (ATC common-prefix depth / 5) + w4 Tanimoto(Morgan bits).
Two empty sets have Jaccard 0, and so have two drugs without a structure.

All counts are small integers, exact in float32, so a value does not depend on the machine.
Shapes: n drugs, v vocabulary of a channel, q pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mard.config import Weights
from mard.io import read_json, write_text
from mard.schema import PairEvidence

ATC_LEVELS: Final = (1, 3, 4, 5, 7)
MAX_ATC_DEPTH: Final = len(ATC_LEVELS)
CHANNELS: Final = ("pathway", "protein", "atc", "tanimoto")
ROLE_SETS: Final = ("targets", "enzymes", "transporters", "carriers")

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_SETS: Final = ("pathways", "proteins", *(f"atc{level}" for level in ATC_LEVELS))


@dataclass(frozen=True)
class DrugFeatures:
    """What the four channels compare, for n drugs sorted by id.

    Attributes:
        drug_ids: n ids.
        sets: Membership by channel (``pathways``, ``proteins``, ``atc1`` to ``atc7``), each a 0/1
            matrix float32 ``[n, v]``.
        fingerprints: Packed bits, uint8 ``[n, bits / 8]``; zeros where there is no structure.
    """

    drug_ids: tuple[str, ...]
    sets: dict[str, Any]
    fingerprints: npt.NDArray[np.uint8]

    @cached_property
    def place(self) -> dict[str, int]:
        """Row of each drug."""
        return {drug: row for row, drug in enumerate(self.drug_ids)}

    def rows_of(self, drug_ids: Iterable[str]) -> Rows:
        """Rows of some drugs, int64; all must be known."""
        return np.array([self.place[drug] for drug in drug_ids], dtype=np.int64)

    @classmethod
    def build(
        cls, rows: Iterable[dict[str, Any]], fingerprints: npt.NDArray[np.uint8], extra: Iterable[str] = ()
    ) -> Self:
        """From the rows of ``evidence/drugs`` and their fingerprints.

        Args:
            rows: Sorted by drug id.
            fingerprints: One row a drug.
            extra: Ids of drugs that the release does not describe: they have no features.
        """
        known = {row["drug_id"]: (place, row) for place, row in enumerate(rows)}
        ids = tuple(sorted({*known, *extra}))
        bits = np.zeros((len(ids), fingerprints.shape[1]), dtype=np.uint8)
        items: dict[str, list[Iterable[str]]] = {name: [] for name in _SETS}
        for place, drug_id in enumerate(ids):
            source, row = known.get(drug_id, (None, {}))
            if source is not None:
                bits[place] = fingerprints[source]
            items["pathways"].append(row.get("pathways", ()))
            items["proteins"].append({protein for role in ROLE_SETS for protein in row.get(role, ())})
            for level in ATC_LEVELS:
                items[f"atc{level}"].append(
                    {code[:level] for code in row.get("atc", ()) if len(code) >= level}
                )
        return cls(ids, {name: _membership(values) for name, values in items.items()}, bits)

    def save(self, folder: Path) -> None:
        """Write arrays and ids to ``folder``."""
        write_text(folder / "features.json", json.dumps({"drug_ids": self.drug_ids}) + "\n")
        np.save(folder / "fingerprints.npy", self.fingerprints, allow_pickle=False)
        for name, matrix in self.sets.items():
            np.save(folder / f"{name}.indptr.npy", matrix.indptr, allow_pickle=False)
            np.save(folder / f"{name}.indices.npy", matrix.indices, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Memory-map what :meth:`save` wrote."""
        ids = tuple(read_json(folder / "features.json")["drug_ids"])
        sets = {}
        for name in _SETS:
            indptr, indices = (
                np.load(folder / f"{name}.{part}.npy", mmap_mode="r", allow_pickle=False)
                for part in ("indptr", "indices")
            )
            sets[name] = _matrix(indptr, indices, len(ids))
        return cls(ids, sets, np.load(folder / "fingerprints.npy", mmap_mode="r", allow_pickle=False))


def drug_similarity(features: DrugFeatures, rows: Rows, columns: Rows, weights: Weights) -> Floats:
    """Eq. 8 for every drug of ``rows`` with every drug of ``columns``.

    Returns:
        float32 ``[len(rows), len(columns)]``, in [0, 1].
    """
    sets = features.sets
    total = np.zeros((len(rows), len(columns)), dtype=np.float32)
    if weights.pathway:
        total += np.float32(weights.pathway) * _jaccard(sets["pathways"][rows], sets["pathways"][columns])
    if weights.protein:
        total += np.float32(weights.protein) * _jaccard(sets["proteins"][rows], sets["proteins"][columns])
    if weights.atc:
        depth = _atc_depth([(sets[name][rows], sets[name][columns]) for name in _SETS[2:]])
        total += np.float32(weights.atc) * (depth / np.float32(MAX_ATC_DEPTH))
    if weights.tanimoto:
        total += np.float32(weights.tanimoto) * _tanimoto(
            features.fingerprints[rows], features.fingerprints[columns]
        )
    return np.minimum(total, np.float32(1))  # weights that add up to 1 may not do so in float32


def pair_evidence(features: DrugFeatures, a: Rows, b: Rows) -> list[PairEvidence]:
    """The four channels of q pairs, given by the rows of their drugs."""
    sets = features.sets
    pathway = _pairwise_jaccard(sets["pathways"][a], sets["pathways"][b])
    protein = _pairwise_jaccard(sets["proteins"][a], sets["proteins"][b])
    depth = sum((_pairwise_shared(sets[name][a], sets[name][b]) > 0).astype(np.int64) for name in _SETS[2:])
    left, right = features.fingerprints[a], features.fingerprints[b]
    tanimoto = _ratio(_popcount(left & right), _popcount(left), _popcount(right))
    return [
        PairEvidence(*values)
        for values in zip(
            pathway.tolist(), protein.tolist(), np.asarray(depth).tolist(), tanimoto.tolist(), strict=True
        )
    ]


def without(weights: Weights, channel: str) -> Weights:
    """The weights with one channel switched off, for leave-one-out."""
    return replace(weights, **{channel: 0.0})


def _membership(values: Sequence[Iterable[str]]) -> Any:
    vocabulary = {item: place for place, item in enumerate(sorted({item for own in values for item in own}))}
    columns = [sorted(vocabulary[item] for item in own) for own in values]
    indptr = np.cumsum([0, *map(len, columns)], dtype=np.int64)
    indices = np.array([place for own in columns for place in own], dtype=np.int64)
    return _matrix(indptr, indices, len(values))


def _matrix(indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], drugs: int) -> Any:
    width = int(indices.max()) + 1 if len(indices) else 1
    ones = np.ones(len(indices), dtype=np.float32)
    return sp.csr_array((ones, indices, indptr), shape=(drugs, width))


def _jaccard(rows: Any, columns: Any) -> Floats:
    shared = (rows @ columns.T).toarray()
    return _ratio(shared, np.diff(rows.indptr)[:, None], np.diff(columns.indptr)[None, :])


def _atc_depth(levels: Sequence[tuple[Any, Any]]) -> Floats:
    """Deepest common prefix over the drugs' codes: levels at which any prefix is shared."""
    shared = [((rows @ columns.T).toarray() > 0).astype(np.float32) for rows, columns in levels]
    return np.asarray(sum(shared), dtype=np.float32)


def _tanimoto(rows: npt.NDArray[np.uint8], columns: npt.NDArray[np.uint8]) -> Floats:
    left, right = (np.unpackbits(bits, axis=1).astype(np.float32) for bits in (rows, columns))
    return _ratio(left @ right.T, left.sum(axis=1)[:, None], right.sum(axis=1)[None, :])


def _pairwise_shared(a: Any, b: Any) -> Floats:
    return np.asarray(a.multiply(b).sum(axis=1), dtype=np.float32).reshape(-1)


def _pairwise_jaccard(a: Any, b: Any) -> Floats:
    return _ratio(_pairwise_shared(a, b), np.diff(a.indptr), np.diff(b.indptr))


def _popcount(packed: npt.NDArray[np.uint8]) -> Rows:
    return np.asarray(np.bitwise_count(packed).sum(axis=1, dtype=np.int64))


def _ratio(shared: Any, left: Any, right: Any) -> Floats:
    """|u and v| / |u or v|, and 0 where both are empty; float32 division of exact counts."""
    shared = shared.astype(np.float32)
    union = (left + right).astype(np.float32) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
