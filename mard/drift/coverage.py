"""How many drugs have each kind of evidence, and which drugs gained or lost it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from mard.drift.release import Release
from mard.evidence.pk_flags import PROTEINS
from mard.evidence.pool import ROLE_COLUMNS
from mard.schema import PkRole

Scope = Literal["all", "interacting"]
SCOPES: Final[tuple[Scope, ...]] = ("all", "interacting")

CHANNELS: Final = (
    "smiles",
    "fingerprint",
    "moa",
    "half_life",
    "half_life_hours",
    "atc",
    *ROLE_COLUMNS.values(),
    "pathways",
    "pk_flags",
)
FLAGS: Final = tuple(f"{protein}_{role}" for protein in PROTEINS.values() for role in PkRole)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One channel over one scope of drugs.

    Attributes:
        channel: One of :data:`CHANNELS` or :data:`FLAGS`.
        scope: ``all`` drugs, or those ``interacting`` in a labelled pair of their release.
        old: Drugs of OLD that have it, out of ``old_drugs``; new likewise.
        gained: Drugs of the scope in both releases that have it in NEW only; lost: in OLD only.
        altered: Drugs of the scope in both releases that have it in both, with another content.
    """

    channel: str
    scope: Scope
    old: int
    old_drugs: int
    new: int
    new_drugs: int
    gained: int
    lost: int
    altered: int

    @property
    def shares(self) -> tuple[float, float]:
        """The share of drugs that have it, in OLD and in NEW; 0 where there is no drug."""
        return self.old / max(self.old_drugs, 1), self.new / max(self.new_drugs, 1)

    @property
    def changed(self) -> bool:
        """Whether any drug in both releases has gained, lost or altered it."""
        return bool(self.gained or self.lost or self.altered)


@dataclass(frozen=True)
class CoverageDrift:
    """Every channel, and every PK flag by itself, over both scopes."""

    channels: tuple[Coverage, ...]
    flags: tuple[Coverage, ...]

    def over(self, scope: Scope) -> tuple[Coverage, ...]:
        """The channels over one scope."""
        return tuple(row for row in self.channels if row.scope == scope)


def compare_coverage(old: Release, new: Release) -> CoverageDrift:
    """Compare the evidence of two releases."""
    both = _contents(old).join(_contents(new), on="drug_id", how="full", coalesce=True, suffix="_new")
    return CoverageDrift(
        tuple(row for scope in SCOPES for row in _compare(both, CHANNELS, scope)),
        tuple(row for scope in SCOPES for row in _compare(both, FLAGS, scope)),
    )


def _contents(release: Release) -> pl.DataFrame:
    """What each drug has of every channel and flag, null where it has nothing."""
    drugs = release.evidence.join(
        release.drugs.select("drug_id", "smiles", "inchikey"), on="drug_id", how="left"
    )
    lists = ["moa", "atc", *ROLE_COLUMNS.values(), "pathways", "pk_flags"]
    told = pl.col("half_life_text") != ""
    hours = pl.col("half_life_hours")
    smiles = pl.col("smiles").replace("", None)
    structure = pl.coalesce(pl.col("inchikey").replace("", None), smiles)
    return drugs.select(
        "drug_id",
        pl.col("drug_id").is_in(release.interacting.implode()).alias("interacting"),
        smiles.alias("smiles"),
        pl.when("has_structure").then(structure).alias("fingerprint"),
        pl.when(told | hours.is_not_null()).then(pl.struct(hours, "half_life_text")).alias("half_life"),
        hours,
        *(pl.when(pl.col(name).list.len() > 0).then(name).alias(name) for name in lists),
        *(pl.when(pl.col("pk_flags").list.contains(flag)).then(True).alias(flag) for flag in FLAGS),
    )


def _compare(both: pl.DataFrame, names: tuple[str, ...], scope: Scope) -> Iterator[Coverage]:
    before, after = pl.col("interacting").is_not_null(), pl.col("interacting_new").is_not_null()
    if scope == "interacting":
        before, after = (pl.col(name).fill_null(value=False) for name in ("interacting", "interacting_new"))
    totals = both.select(old=before.sum(), new=after.sum()).row(0)
    for name in names:
        had, has = pl.col(name).is_not_null(), pl.col(f"{name}_new").is_not_null()
        other = (pl.col(name) != pl.col(f"{name}_new")).fill_null(value=False)
        row = both.select(
            old=(before & had).sum(),
            new=(after & has).sum(),
            gained=(before & after & has & ~had).sum(),
            lost=(before & after & had & ~has).sum(),
            altered=(before & after & other).sum(),
        ).row(0, named=True)
        yield Coverage(name, scope, old_drugs=totals[0], new_drugs=totals[1], **row)
