"""Pairs that come, go, or change their label.

Pairs are joined as integers and labels as enumerations: a full release has 1.4 million pairs, and its texts
are looked at again only for the rows that changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Final

import polars as pl

from mard.drift.drugs import REINSTATED, RENAMED, RETIRED, DrugDrift
from mard.drift.release import Release
from mard.schema import LABEL, Direction, Family, Polarity

DRUG: Final = "drug"
MERGED_DRUG: Final = "merged_drug"
UNLABELLED: Final = "unlabelled"
LISTING: Final = "listing"
REASONS: Final = (DRUG, MERGED_DRUG, UNLABELLED, LISTING)

_ONE_WAY: Final = (Direction.A_TO_B, Direction.B_TO_A)


@dataclass(frozen=True)
class PairDrift:
    """Every pair of two releases.

    Attributes:
        old: Labelled pairs of OLD; new likewise; common: of both.
        added: Pairs of NEW alone, sorted by pair id: pair_id, drug_a, drug_b, name_a, name_b, the label,
            reason, counterpart. ``reason`` is ``drug`` (one of its drugs is in one release only),
            ``merged_drug`` (the other release knows one of its drugs by another id; ``counterpart``
            is the pair under that id, where the other release has it), ``unlabelled`` (the other
            release lists the pair, but no rule reads the description) or ``listing`` (both drugs are
            in both releases, the pair is not).
        removed: Pairs of OLD alone, likewise.
        relabelled: Pairs whose label differs, sorted by pair id: pair_id, drug_a, drug_b, name_a, name_b and
            ``old_`` and ``new_`` family, subtype, direction, polarity.
        matrix: old_family, new_family, pairs, relabelled: every pair of either release once, a null family
            where a release lacks it. ``relabelled`` on the diagonal changed within their family.
        moves: old_family, old_subtype, new_family, new_subtype, pairs: the most frequent first.
        axes: Relabelled pairs by what differs; see :func:`_axes`.
        reworded: Common pairs with another description and the same label, and how many of them name a
            drug that was renamed.
        raw_subtypes: Common pairs with another raw subtype and the same label.
    """

    old: int
    new: int
    common: int
    added: pl.DataFrame
    removed: pl.DataFrame
    relabelled: pl.DataFrame
    matrix: pl.DataFrame
    moves: pl.DataFrame
    axes: dict[str, int]
    reworded: tuple[int, int]
    raw_subtypes: int

    def reasons(self, table: pl.DataFrame) -> dict[str, int]:
        """Rows of ``added`` or ``removed`` by reason."""
        found = dict(table["reason"].value_counts().iter_rows())
        return {reason: found.get(reason, 0) for reason in REASONS}


def compare_pairs(old: Release, new: Release, drugs: DrugDrift) -> PairDrift:
    """Compare the labelled pairs of two releases."""
    codes = _Codes.of(old.labels, new.labels)
    left, right = codes.labels(old.labels), codes.labels(new.labels)
    both = left.join(right, on="pair", how="full", coalesce=True, suffix="_new")
    common = both.filter(pl.col("row").is_not_null() & pl.col("row_new").is_not_null())
    changed = common.filter(_differs(LABEL))
    same = common.filter(~_differs(LABEL))
    relabelled = _relabelled(changed, old, new)
    return PairDrift(
        old=left.height,
        new=right.height,
        common=common.height,
        added=_one_sided(new, old, both.filter(pl.col("row").is_null())["row_new"], drugs.merged(REINSTATED)),
        removed=_one_sided(old, new, both.filter(pl.col("row_new").is_null())["row"], drugs.merged(RETIRED)),
        relabelled=relabelled,
        matrix=_matrix(both),
        moves=_moves(changed),
        axes=_axes(changed),
        reworded=_reworded(same, old, new, drugs),
        raw_subtypes=same.filter(_differs(("raw_subtype",))).height,
    )


@dataclass(frozen=True)
class _Codes:
    """The enumerations that two label tables share."""

    drugs: pl.Enum
    columns: dict[str, pl.Enum]

    @classmethod
    def of(cls, old: pl.DataFrame, new: pl.DataFrame) -> _Codes:
        def values(*columns: str) -> pl.Enum:
            seen = [table[column].unique() for table in (old, new) for column in columns]
            return pl.Enum(pl.concat(seen).unique().sort())

        return cls(
            drugs=values("drug_a", "drug_b"),
            columns={
                "family": pl.Enum([str(family) for family in Family]),
                "subtype": values("subtype"),
                "direction": pl.Enum([str(tag) for tag in Direction]),
                "polarity": pl.Enum([str(value) for value in Polarity]),
                "raw_subtype": values("raw_subtype"),
            },
        )

    def labels(self, table: pl.DataFrame) -> pl.DataFrame:
        """pair (int64: one number a pair), row in ``table``, and the label as enumerations."""
        a, b = (pl.col(side).cast(self.drugs).to_physical().cast(pl.Int64) for side in ("drug_a", "drug_b"))
        columns = [pl.col(name).cast(kind) for name, kind in self.columns.items()]
        pair = (a * len(self.drugs.categories) + b).alias("pair")
        return table.select(pair, *columns).with_row_index("row")


def _differs(columns: tuple[str, ...]) -> pl.Expr:
    return reduce(pl.Expr.or_, (pl.col(name) != pl.col(f"{name}_new") for name in columns))


def _relabelled(changed: pl.DataFrame, old: Release, new: Release) -> pl.DataFrame:
    before, after = old.labels[changed["row"]], new.labels[changed["row_new"]]
    columns = before.select("pair_id", "drug_a", "drug_b", pl.col(LABEL).name.prefix("old_"))
    table = columns.hstack(after.select(pl.col(LABEL).name.prefix("new_")))
    return _named(table, new.drugs).sort("pair_id")


def _matrix(both: pl.DataFrame) -> pl.DataFrame:
    changed = _differs(LABEL).fill_null(value=False)
    return (
        both.group_by(old_family="family", new_family="family_new")
        .agg(pairs=pl.len().cast(pl.Int64), relabelled=changed.sum().cast(pl.Int64))
        .sort("old_family", "new_family", nulls_last=True)
    )


def _moves(changed: pl.DataFrame) -> pl.DataFrame:
    return (
        changed.filter(_differs(("family", "subtype")))
        .group_by(
            old_family="family", old_subtype="subtype", new_family="family_new", new_subtype="subtype_new"
        )
        .agg(pairs=pl.len().cast(pl.Int64))
        .with_columns(pl.exclude("pairs").cast(pl.String))
        .sort(pl.col("pairs").neg(), pl.exclude("pairs"))
    )


def _axes(changed: pl.DataFrame) -> dict[str, int]:
    """Relabelled pairs by what differs; a pair counts on every axis on which it differs.

    ``direction_flip`` is a_to_b for b_to_a or the reverse; ``only_direction_flip`` and
    ``only_polarity`` differ in nothing else.
    """
    one_way = pl.col("direction").is_in(_ONE_WAY) & pl.col("direction_new").is_in(_ONE_WAY)
    flip = _differs(("direction",)) & one_way
    kind = _differs(("family", "subtype"))
    counts = changed.select(
        family=_differs(("family",)),
        subtype_in_family=_differs(("subtype",)) & ~_differs(("family",)),
        direction_flip=flip,
        direction_otherwise=_differs(("direction",)) & ~one_way,
        polarity=_differs(("polarity",)),
        only_direction_flip=flip & ~kind & ~_differs(("polarity",)),
        only_polarity=_differs(("polarity",)) & ~kind & ~_differs(("direction",)),
    ).sum()
    return dict(counts.row(0, named=True))


def _reworded(same: pl.DataFrame, old: Release, new: Release, drugs: DrugDrift) -> tuple[int, int]:
    """How many pairs have another wording, and how many of those name a drug that was renamed."""
    pairs = old.labels[same["row"]].select("pair_id", "drug_a", "drug_b")
    told = pairs.join(old.wordings, on="pair_id").join(new.wordings, on="pair_id", suffix="_new")
    reworded = told.filter(_differs(("wording",)))
    renamed = drugs.changes.filter(pl.col("change") == RENAMED)["drug_id"].implode()
    named = reworded.select(pl.any_horizontal(pl.col("drug_a", "drug_b").is_in(renamed)).sum())
    return reworded.height, int(named.item())


def _one_sided(own: Release, other: Release, rows: pl.Series, merged: pl.DataFrame) -> pl.DataFrame:
    """Pairs of one release alone, with the reason."""
    pairs = own.labels[rows.sort()].select("pair_id", "drug_a", "drug_b", *LABEL)
    sides = pl.col("drug_a", "drug_b")
    in_merged = pl.any_horizontal(sides.is_in(merged["drug_id"].implode()))
    in_both = pl.all_horizontal(sides.is_in(other.drugs["drug_id"].implode()))
    unread = pl.col("pair_id").is_in(other.unmatched["pair_id"].unique().implode())
    reason = (
        pl.when(in_merged)
        .then(pl.lit(MERGED_DRUG))
        .when(~in_both)
        .then(pl.lit(DRUG))
        .when(unread)
        .then(pl.lit(UNLABELLED))
        .otherwise(pl.lit(LISTING))
    )
    return _named(_with_counterpart(pairs.with_columns(reason=reason), other, merged), own.drugs).sort(
        "pair_id"
    )


def _with_counterpart(pairs: pl.DataFrame, other: Release, merged: pl.DataFrame) -> pl.DataFrame:
    """The same pair under the ids of the other release, where that has it under another."""
    moved = pairs.filter(pl.col("reason") == MERGED_DRUG).select("pair_id", "drug_a", "drug_b")
    for side in ("drug_a", "drug_b"):
        successors = merged.rename({"drug_id": side})
        moved = (
            moved.join(successors, on=side, how="left")
            .with_columns(pl.coalesce("counterpart", side).alias(side))
            .drop("counterpart")
        )
    low, high = pl.min_horizontal("drug_a", "drug_b"), pl.max_horizontal("drug_a", "drug_b")
    moved = moved.select("pair_id", counterpart=pl.concat_str(low, high, separator="|"))
    known = moved.join(other.labels.select(counterpart="pair_id"), on="counterpart", how="semi")
    return pairs.join(known, on="pair_id", how="left")


def _named(pairs: pl.DataFrame, drugs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with the names of their drugs after the ids."""
    for side in ("a", "b"):
        names = drugs.select(pl.col("drug_id").alias(f"drug_{side}"), pl.col("name").alias(f"name_{side}"))
        pairs = pairs.join(names, on=f"drug_{side}", how="left")
    first = ["pair_id", "drug_a", "drug_b", "name_a", "name_b"]
    return pairs.select(*first, pl.exclude(first))
