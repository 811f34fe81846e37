"""What another release does to the fixed pairs that a model was trained and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from mard.drift.pairs import PairDrift

TEACHER_SUBSET: Final = "teacher_subset"


@dataclass(frozen=True, slots=True)
class ManifestDrift:
    """One fixed list of pairs of OLD.

    Attributes:
        name: ``teacher_subset``, or the manifest's protocol.
        part: Part of the split.
        size: Nominal size of an evaluation manifest; the teacher subset's own size.
        pairs: Pairs on the list; of those, ``vanished`` are not in NEW and ``relabelled`` are, with
            another label.
    """

    name: str
    part: str
    size: int
    pairs: int
    vanished: int
    relabelled: int

    @property
    def kept(self) -> int:
        """Pairs that NEW has with the same label."""
        return self.pairs - self.vanished - self.relabelled


def compare_manifests(
    subset: pl.DataFrame, manifests: pl.DataFrame, pairs: PairDrift
) -> tuple[ManifestDrift, ...]:
    """Count what becomes of the teacher subset and of each evaluation manifest.

    Args:
        subset: Table ``split/teacher_subset`` of OLD.
        manifests: Table ``split/eval`` of OLD.
        pairs: What changed.
    """
    key = ["name", "part", "size"]
    size = pl.len().over("part").cast(pl.Int64)
    lists = pl.concat(
        [
            subset.select("part", "pair_id", name=pl.lit(TEACHER_SUBSET), size=size),
            manifests.select("part", "pair_id", "size", name="protocol"),
        ],
        how="diagonal",
    )
    vanished = pl.col("pair_id").is_in(pairs.removed["pair_id"].implode())
    relabelled = pl.col("pair_id").is_in(pairs.relabelled["pair_id"].implode())
    counts = lists.group_by(key, maintain_order=True).agg(
        pairs=pl.len(), vanished=vanished.sum(), relabelled=relabelled.sum()
    )
    return tuple(ManifestDrift(**row) for row in counts.iter_rows(named=True))
