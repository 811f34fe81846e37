"""Drugs that come, go, merge, take another name or get another structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

ADDED: Final = "added"
REMOVED: Final = "removed"
RETIRED: Final = "retired"
REINSTATED: Final = "reinstated"
RENAMED: Final = "renamed"
RESTRUCTURED: Final = "restructured"
CHANGES: Final = (ADDED, REMOVED, RETIRED, REINSTATED, RENAMED, RESTRUCTURED)


@dataclass(frozen=True)
class DrugDrift:
    """Every change of a drug.

    Attributes:
        old: Number of drugs in OLD; new likewise.
        changes: One row a change, sorted by change and drug: drug_id, change, counterpart, old_name,
            new_name, old_structure, new_structure. A drug is ``retired`` when NEW knows its id only as
            a secondary id of ``counterpart``, ``reinstated`` when OLD did, else ``removed`` or
            ``added``; a drug in both may be ``renamed`` and ``restructured`` at once.
    """

    old: int
    new: int
    changes: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Drugs by kind of change."""
        found = dict(self.changes["change"].value_counts().iter_rows())
        return {change: found.get(change, 0) for change in CHANGES}

    def merged(self, change: str) -> pl.DataFrame:
        """drug_id and counterpart of the drugs that were ``retired``, or ``reinstated``."""
        return self.changes.filter(pl.col("change") == change).select("drug_id", "counterpart")


def compare_drugs(old: pl.DataFrame, new: pl.DataFrame) -> DrugDrift:
    """Compare two tables ``ingest/drugs``.

    A structure changed when both releases give one and their InChIKeys differ, or, where either has
    no InChIKey, their SMILES.
    """
    both = (
        _facts(old)
        .join(_facts(new), on="drug_id", how="full", coalesce=True, suffix="_new")
        .rename(
            {name: f"old_{name}" for name in ("name", "inchikey", "smiles")}
            | {f"{name}_new": f"new_{name}" for name in ("name", "inchikey", "smiles")}
        )
    )
    keyed = pl.all_horizontal(pl.col("old_inchikey", "new_inchikey").is_not_null())
    alone = pl.any_horizontal(pl.col("old_name", "new_name").is_null())
    both = both.with_columns(
        pl.when(keyed)
        .then(f"{side}_inchikey")
        .when(alone)
        .then(pl.coalesce(f"{side}_inchikey", f"{side}_smiles"))
        .otherwise(f"{side}_smiles")
        .alias(f"{side}_structure")
        for side in ("old", "new")
    )
    gone = both.filter(pl.col("new_name").is_null())
    come = both.filter(pl.col("old_name").is_null())
    changes = [
        _one_sided(gone, new, RETIRED, REMOVED),
        _one_sided(come, old, REINSTATED, ADDED),
        both.filter(pl.col("old_name") != pl.col("new_name")).with_columns(change=pl.lit(RENAMED)),
        both.filter(pl.col("old_structure") != pl.col("new_structure")).with_columns(
            change=pl.lit(RESTRUCTURED)
        ),
    ]
    columns = ("drug_id", "change", "counterpart", "old_name", "new_name", "old_structure", "new_structure")
    table = pl.concat(changes, how="diagonal").select(columns).sort("change", "drug_id")
    return DrugDrift(old.height, new.height, table)


def _facts(drugs: pl.DataFrame) -> pl.DataFrame:
    texts = pl.col("inchikey", "smiles").replace("", None)
    return drugs.select("drug_id", "name", texts)


def _one_sided(drugs: pl.DataFrame, other: pl.DataFrame, merged: str, single: str) -> pl.DataFrame:
    """Drugs of one release that the other has merged into another drug, or does not know at all."""
    successors = (
        other.select(counterpart="drug_id", drug_id="secondary_ids")
        .explode("drug_id")
        .group_by("drug_id")
        .agg(pl.col("counterpart").min())
    )
    return drugs.join(successors, on="drug_id", how="left").with_columns(
        change=pl.when(pl.col("counterpart").is_null()).then(pl.lit(single)).otherwise(pl.lit(merged))
    )
