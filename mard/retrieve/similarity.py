"""Similarity of two drugs over four channels (Eq. 8).

s(u, v) = w1 J_pathway + w2 J_protein + w3 (ATC common-prefix depth / 5) + w4 Tanimoto(Morgan bits).
Two empty sets have Jaccard 0, and so have two drugs without a structure.

Every value is a float32 quotient of exact counts, so it does not depend on the machine.
Shapes: n drugs, w words of a fingerprint, q pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.config import Weights
from mard.io import read_json, write_text
from mard.retrieve.scalars import Packed, atc_word, pack, pair_channels, similarity_matrix
from mard.schema import PairEvidence

CHANNELS: Final = ("pathway", "protein", "atc", "tanimoto")
ROLE_SETS: Final = ("targets", "enzymes", "transporters", "carriers")
WORD_BYTES: Final = 8

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Starts = npt.NDArray[np.int64]

_RAGGED: Final = ("pathways", "proteins", "atc")


@dataclass(frozen=True)
class DrugFeatures:
    """What the four channels compare, for n drugs sorted by id.

    Attributes:
        drug_ids: n ids.
        packed: What the kernels read of n + 1 drugs: the last stands for any drug without features.
    """

    drug_ids: tuple[str, ...]
    packed: Packed

    @cached_property
    def place(self) -> dict[str, int]:
        """Row of each drug."""
        return {drug: row for row, drug in enumerate(self.drug_ids)}

    def rows_of(self, drug_ids: Iterable[str]) -> Rows:
        """Rows of some drugs, int64; an unknown drug gets the row without features, n."""
        return np.fromiter((self.place.get(drug, len(self.drug_ids)) for drug in drug_ids), dtype=np.int64)

    @classmethod
    def build(
        cls, drugs: pl.DataFrame, fingerprints: npt.NDArray[np.uint8], extra: Iterable[str] = ()
    ) -> Self:
        """From the table ``evidence/drugs`` and its fingerprints.

        Args:
            drugs: One row a drug, in any order.
            fingerprints: Packed bits, uint8 ``[len(drugs), bits / 8]``.
            extra: Ids of drugs that the release does not describe: they have no features.
        """
        ids = sorted({*drugs["drug_id"], *extra})
        rows = pl.DataFrame({"drug_id": ids}, schema={"drug_id": pl.String}).with_row_index("row")
        drugs = drugs.join(rows, on="drug_id", maintain_order="left")
        width = -(-fingerprints.shape[1] // WORD_BYTES) * WORD_BYTES
        bits = np.zeros((len(ids) + 1, width), dtype=np.uint8)
        bits[drugs["row"].to_numpy(), : fingerprints.shape[1]] = fingerprints
        packed = pack(
            _numbered(_members(drugs, ("pathways",)), len(ids)),
            _numbered(_members(drugs, ROLE_SETS), len(ids)),
            _coded(_members(drugs, ("atc",)), len(ids)),
            bits.view(np.uint64),
        )
        return cls(tuple(ids), packed)

    def save(self, folder: Path) -> None:
        """Write arrays and ids to ``folder``."""
        write_text(folder / "features.json", json.dumps({"drug_ids": self.drug_ids}) + "\n")
        np.save(folder / "fingerprints.npy", self.packed.words, allow_pickle=False)
        for name in _RAGGED:
            for part in ("starts", "items"):
                array = getattr(getattr(self.packed, name), part)
                np.save(folder / f"{name}.{part}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Memory-map what :meth:`save` wrote."""
        ids = tuple(read_json(folder / "features.json")["drug_ids"])
        pathways, proteins, atc = (
            (_mapped(folder / f"{name}.starts.npy"), _mapped(folder / f"{name}.items.npy"))
            for name in _RAGGED
        )
        return cls(ids, pack(pathways, proteins, atc, _mapped(folder / "fingerprints.npy")))


@dataclass(frozen=True)
class PairScalars:
    """The four channels of q pairs.

    Attributes:
        pathway_jaccard: Float32 ``[q]``, in [0, 1].
        protein_jaccard: Float32 ``[q]``, in [0, 1].
        atc_depth: Shared levels, uint8 ``[q]``, 0 to 5.
        smiles_tanimoto: Float32 ``[q]``, in [0, 1].
    """

    pathway_jaccard: Floats
    protein_jaccard: Floats
    atc_depth: npt.NDArray[np.uint8]
    smiles_tanimoto: Floats


def drug_similarity(
    features: DrugFeatures, rows: Rows, columns: Rows, weights: Weights, *, threads: int = 1
) -> Floats:
    """Eq. 8 for every drug of ``rows`` with every drug of ``columns``.

    Returns:
        float32 ``[len(rows), len(columns)]``, in [0, 1]; the same for any number of threads.
    """
    by_channel = (weights.pathway, weights.protein, weights.atc, weights.tanimoto)
    return similarity_matrix(features.packed, rows, columns, by_channel, threads)


def pair_scalars(features: DrugFeatures, a: Rows, b: Rows, *, threads: int = 1) -> PairScalars:
    """The four channels of q pairs, given by the rows of their drugs."""
    return PairScalars(*pair_channels(features.packed, a, b, threads))


def pair_evidence(features: DrugFeatures, a: Rows, b: Rows) -> list[PairEvidence]:
    """The four channels of q pairs as evidence that can be cited."""
    found = pair_scalars(features, a, b)
    channels = (found.pathway_jaccard, found.protein_jaccard, found.atc_depth, found.smiles_tanimoto)
    return [PairEvidence(*values) for values in zip(*(own.tolist() for own in channels), strict=True)]


def without(weights: Weights, channel: str) -> Weights:
    """The weights with one channel switched off, for leave-one-out."""
    return replace(weights, **{channel: 0.0})


def _members(drugs: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """One line for each ``row`` and distinct ``item`` in columns of lists."""
    listed = (drugs.select("row", item=name).explode("item").drop_nulls("item") for name in columns)
    return pl.concat(own.cast({"item": pl.String}) for own in listed).unique()


def _numbered(members: pl.DataFrame, drugs: int) -> tuple[Starts, npt.NDArray[np.int32]]:
    """Sets of numbers; the most frequent items come first, equals in alphabetical order."""
    order = members.group_by("item").len().sort("len", "item", descending=[True, False])
    number = order.select("item").with_row_index("number")
    placed = members.join(number, on="item").sort("row", "number")
    return _starts(placed["row"], drugs), placed["number"].to_numpy().astype(np.int32)


def _coded(members: pl.DataFrame, drugs: int) -> tuple[Starts, npt.NDArray[np.uint64]]:
    words = pl.Series("word", [atc_word(code) for code in members["item"]], dtype=pl.UInt64)
    placed = members.with_columns(words).unique(["row", "word"]).sort("row", "word")
    return _starts(placed["row"], drugs), placed["word"].to_numpy()


def _starts(rows: pl.Series, drugs: int) -> Starts:
    """Where each drug's values begin among values sorted by row, for one more drug without any."""
    return np.searchsorted(rows.to_numpy(), np.arange(drugs + 2)).astype(np.int64)


def _mapped(path: Path) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
