"""Weighted plurality, level by level: the family first, then the subtype within it, and so on.

Both the neighbour vote (the k-NN that a student must beat) and "the most common label in train" are
such elections; they differ in who votes.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mard.baselines.arrays import DIGITS, FAMILIES, LEVELS
from mard.retrieve.vote import RANK_WEIGHT, SUM_DIGITS


def elect(ballots: pl.DataFrame, by: Sequence[str], levels: Sequence[str] = LEVELS) -> pl.DataFrame:
    """The winning label of each group, one row a group, sorted.

    Args:
        ballots: The columns ``by`` and ``levels``, and ``weight``.
        by: Columns that name the group.
        levels: Decided in this order, each among the ballots for what is already decided; ties by name.

    Returns:
        ``by``, ``levels`` and ``share``, the winner's share of the weight at the first level.
    """
    share = _winners(ballots, by, levels[0]).select(*by, "share")
    for level in levels:
        ballots = ballots.join(_winners(ballots, by, level), on=[*by, level], how="semi")
    return ballots.select(*by, *levels).unique().join(share, on=list(by)).sort(by)


def _winners(ballots: pl.DataFrame, by: Sequence[str], level: str) -> pl.DataFrame:
    return (
        ballots.group_by(*by, level)
        .agg(pl.col("weight").sum().round(SUM_DIGITS))
        .with_columns(share=(pl.col("weight") / pl.col("weight").sum().over(by)).clip(0, 1).round(DIGITS))
        .sort("weight", level, descending=[True, False])
        .unique(by, keep="first", maintain_order=True)
    )


def family_shares(ballots: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Each family's share of the weight in each group: ``by`` and ``p_<family>``, sorted."""
    share = pl.col("weight") / pl.col("weight").sum()
    shares = (share.filter(pl.col("family") == name).sum().alias(f"p_{name}") for name in FAMILIES)
    return ballots.group_by(by).agg(shares).with_columns(pl.col("^p_.*$").clip(0, 1).round(DIGITS)).sort(by)


def neighbour_ballots(neighbours: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``retrieve/neighbours`` as ballots for their query, weighted by similarity.

    A neighbour's direction is relative to the drugs that stand for the query's A and B, so it carries over.
    """
    rank = pl.col("rank").max() - pl.col("rank") + 1
    return neighbours.select("pair_id", *LEVELS, weight=pl.col("similarity") + RANK_WEIGHT * rank)


def train_ballots(train: pl.DataFrame) -> pl.DataFrame:
    """Training pairs as ballots of weight 1."""
    return train.select(*LEVELS, weight=pl.lit(1.0))
