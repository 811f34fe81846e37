"""One release as the comparisons read it: what ingest, label and evidence made of it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mard.ingest.drugbank import ReleaseInfo


@dataclass(frozen=True)
class Release:
    """The tables of one release; columns as in ``tasks/contracts.py``.

    Attributes:
        info: Which release it is.
        taxonomy_version: The vocabulary that its subtypes were collapsed into.
        drugs: Table ``ingest/drugs``; labels, templates, unmatched and conflicts those of ``label``,
            evidence is ``evidence/drugs``.
        wordings: pair_id and wording of each listed pair, from :func:`wordings`.
    """

    info: ReleaseInfo
    taxonomy_version: str
    drugs: pl.DataFrame
    labels: pl.DataFrame
    templates: pl.DataFrame
    unmatched: pl.DataFrame
    conflicts: pl.DataFrame
    evidence: pl.DataFrame
    wordings: pl.DataFrame

    @property
    def interacting(self) -> pl.Series:
        """Ids of the drugs that occur in a labelled pair, sorted."""
        ids = pl.concat([self.labels["drug_a"].unique(), self.labels["drug_b"].unique()])
        return ids.unique().sort().alias("drug_id")


def wordings(interactions: pl.LazyFrame) -> pl.DataFrame:
    """A 64-bit digest of each pair's distinct descriptions, whoever lists them and in whatever order.

    Two releases word a pair alike when its digests are equal; text itself need not be kept for that.

    Args:
        interactions: pair_id and description.

    Returns:
        pair_id and wording (uint64), in no particular order.
    """
    told = interactions.select("pair_id", wording=pl.col("description").hash(seed=0)).unique()
    return told.group_by("pair_id").agg(pl.col("wording").bitwise_xor()).collect()
