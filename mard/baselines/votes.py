"""Baselines that are elections: the most common label of train, and the vote of the nearest pairs."""

from __future__ import annotations

import polars as pl

from mard.baselines.arrays import ANSWER, with_margin
from mard.baselines.plurality import elect, family_shares, neighbour_ballots, train_ballots


def majority(train: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """The most common label in train, level by level, for every query."""
    everyone = train_ballots(train).with_columns(group=pl.lit("all"))
    return queries.select("pair_id").join(_elected(everyone, "group"), how="cross").select(ANSWER)


def neighbour_vote(train: pl.DataFrame, queries: pl.DataFrame, neighbours: pl.DataFrame) -> pl.DataFrame:
    """The neighbours' vote; a query without neighbours gets the majority's answer."""
    voted = _elected(neighbour_ballots(neighbours), "pair_id")
    voted = voted.join(queries, on="pair_id", how="semi").select(ANSWER)
    silent = queries.join(voted, on="pair_id", how="anti")
    return pl.concat([voted, majority(train, silent)]).sort("pair_id")


def _elected(ballots: pl.DataFrame, by: str) -> pl.DataFrame:
    winner = elect(ballots, [by]).drop("share")
    return with_margin(winner.join(family_shares(ballots, [by]), on=by))
