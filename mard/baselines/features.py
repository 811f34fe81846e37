"""Features of the structural baselines, in two kinds that respect the mirror.

*Symmetric* features do not change when the pair is flipped; families are predicted from them.
*Oriented* features change sign under the flip; directions are predicted from them.

Three tiers, each holding the one before, so that "structural" never quietly means "without retrieval":
(i) fingerprints and similarities, (ii) PK flags and ATC codes, (iii) votes of neighbours and of all
training pairs.

Shapes: ``n`` pairs, ``d`` drugs, ``f`` features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from mard.baselines.arrays import DIGITS, Floats, Matrix
from mard.schema import Family, PkRole

FOLDED_BITS: Final = 512
ATC_LEVELS: Final = (1, 3, 4, 5)
"""Characters of an ATC code at its first four levels; the fifth is the substance itself."""


class Tier(IntEnum):
    """How much a structural baseline may see."""

    STRUCTURE = 1
    PHARMACOLOGY = 2
    VOTES = 3

    def __str__(self) -> str:
        return f"({'i' * self})"


@dataclass(frozen=True)
class PairFeatures:
    """What a tier shows of ``n`` pairs: symmetric ``[n, f]`` and oriented ``[n, g]``, both sparse."""

    symmetric: Matrix
    oriented: Matrix


@dataclass(frozen=True)
class DrugTable:
    """Multi-hot rows of ``d`` drugs, and a last row of zeros for a drug without evidence.

    Attributes:
        ids: Drug ids, sorted ``[d]``.
        fingerprints: Folded Morgan bits ``[d + 1, FOLDED_BITS]``.
        flags: PK flags by role, each ``[d + 1, proteins]`` over the same proteins.
        atc: Prefixes of the ATC codes at four levels ``[d + 1, prefixes]``.
    """

    ids: NDArray[np.str_]
    fingerprints: Matrix
    flags: dict[PkRole, Matrix]
    atc: Matrix

    @classmethod
    def build(cls, drugs: pl.DataFrame, fingerprints: NDArray[np.uint8]) -> Self:
        """From the evidence table and its packed fingerprints ``[d, bits / 8]``, row for row."""
        bits = np.unpackbits(fingerprints, axis=1)
        folded = bits.reshape(len(bits), -1, min(FOLDED_BITS, bits.shape[1])).any(axis=1)
        zeros = np.zeros((1, folded.shape[1]), dtype=bool)
        return cls(
            ids=drugs["drug_id"].to_numpy().astype(np.str_),
            fingerprints=sparse.csr_array(np.vstack([folded, zeros]).astype(np.float64)),
            flags=_flags(drugs),
            atc=_multi_hot(_atc_prefixes(drugs), drugs.height),
        )

    def rows(self, drug_ids: pl.Series) -> NDArray[np.int64]:
        """Row of each drug ``[n]``; the row of zeros for one without evidence."""
        wanted = drug_ids.to_numpy().astype(np.str_)
        place = np.searchsorted(self.ids, wanted)
        known = np.append(self.ids, "")[place] == wanted
        return np.where(known, place, len(self.ids))


def pair_features(
    tier: Tier, table: DrugTable, pairs: pl.DataFrame, channels: Floats, votes: Sequence[Votes]
) -> PairFeatures:
    """Both kinds of features of a tier.

    Args:
        tier: What may be seen.
        table: The drugs.
        pairs: Columns ``drug_a`` and ``drug_b`` ``[n]``.
        channels: The four similarities of Eq. 8 ``[n, 4]``, in [0, 1].
        votes: What training pairs say of each pair, aligned with ``pairs``.
    """
    a, b = table.rows(pairs["drug_a"]), table.rows(pairs["drug_b"])
    left, right = table.fingerprints[a], table.fingerprints[b]
    symmetric = [left.multiply(right), abs(left - right), channels]
    oriented = [left - right]
    if tier >= Tier.PHARMACOLOGY:
        symmetric.append(table.atc[a] + table.atc[b])
        oriented.append(table.atc[a] - table.atc[b])
        for flags in table.flags.values():
            symmetric.append(flags[a] + flags[b])
            oriented.append(flags[a] - flags[b])
        for role in (PkRole.INHIBITOR, PkRole.INDUCER):
            forth, back = _acts(table, role, a, b), _acts(table, role, b, a)
            symmetric += [forth.maximum(back), _total(forth + back)]
            oriented += [forth - back, _total(forth - back)]
    if tier >= Tier.VOTES:
        symmetric += [own.symmetric for own in votes]
        oriented += [own.oriented for own in votes]
    return PairFeatures(_stack(symmetric), _stack(oriented))


@dataclass(frozen=True)
class Votes:
    """Votes of training pairs as features of ``n`` pairs.

    Attributes:
        symmetric: Share of each family, and what else the voters have in common ``[n, 7 or more]``.
        oriented: Per family, share for a_to_b minus share for b_to_a ``[n, 7]``.
    """

    symmetric: Floats
    oriented: Floats

    @classmethod
    def of_neighbours(cls, pair_ids: pl.Series, neighbours: pl.DataFrame) -> Self:
        """Of neighbours with the columns of ``retrieve/neighbours``, for pairs in this order.

        Shares are weighted by similarity; after them come the highest and the mean similarity.
        """
        order = pair_ids.alias("pair_id").to_frame()
        total = pl.col("similarity").sum()
        lean = pl.col("direction").replace_strict({"a_to_b": 1.0, "b_to_a": -1.0}, default=0.0)
        of_family = {str(family): pl.col("similarity") * (pl.col("family") == family) for family in Family}
        votes = neighbours.group_by("pair_id").agg(
            *(_safe_share(weight.sum(), total).alias(f"share {name}") for name, weight in of_family.items()),
            pl.col("similarity").max().alias("highest"),
            pl.col("similarity").mean().alias("average"),
            *(
                _safe_share((weight * lean).sum(), total).alias(f"lean {name}")
                for name, weight in of_family.items()
            ),
        )
        table = order.join(votes, on="pair_id", how="left", maintain_order="left").drop("pair_id")
        values = table.fill_null(0.0).to_numpy().astype(np.float64).round(DIGITS)
        return cls(values[:, : len(Family) + 2], values[:, len(Family) + 2 :])


def _safe_share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole).otherwise(0.0)


def _acts(table: DrugTable, role: PkRole, actor: Any, affected: Any) -> Matrix:
    """Proteins ``[n, proteins]`` that the actor inhibits or induces and that handle the other drug."""
    return table.flags[role][actor].multiply(table.flags[PkRole.SUBSTRATE][affected])


def _total(matrix: Matrix) -> Floats:
    total: Floats = np.asarray(matrix.sum(axis=1)).reshape(-1, 1)
    return total


def _flags(drugs: pl.DataFrame) -> dict[PkRole, Matrix]:
    listed = _exploded(drugs, "pk_flags").with_columns(
        protein=pl.col("key").str.replace(r"_[a-z]+$", ""), role=pl.col("key").str.extract(r"([a-z]+)$")
    )
    proteins = sorted(listed["protein"].unique())
    return {
        role: _multi_hot(
            listed.filter(pl.col("role") == role).select("row", key="protein"), drugs.height, proteins
        )
        for role in PkRole
    }


def _atc_prefixes(drugs: pl.DataFrame) -> pl.DataFrame:
    codes = _exploded(drugs, "atc")
    levels = [codes.with_columns(pl.col("key").str.head(length)) for length in ATC_LEVELS]
    return pl.concat(levels).unique().sort("row", "key")


def _exploded(drugs: pl.DataFrame, column: str) -> pl.DataFrame:
    """One line for each ``row`` (of the drug) and ``key`` in a column of lists."""
    return drugs.with_row_index("row").select("row", key=column).explode("key").drop_nulls("key")


def _multi_hot(entries: pl.DataFrame, drugs: int, keys: Sequence[str] | None = None) -> Matrix:
    columns = sorted(entries["key"].unique()) if keys is None else list(keys)
    rows = entries["row"].to_numpy().astype(np.int64)
    place = np.searchsorted(np.array(columns, dtype=np.str_), entries["key"].to_numpy().astype(np.str_))
    shape = (drugs + 1, len(columns))
    return sparse.csr_array((np.ones(len(rows)), (rows, place)), shape=shape)


def _stack(blocks: Sequence[Any]) -> Matrix:
    return sparse.hstack([sparse.csr_array(block) for block in blocks], format="csr")
