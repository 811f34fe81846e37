"""Baselines that are elections: the most common label of train, the nearest pairs' vote, all pairs' vote."""

from __future__ import annotations

import numpy as np
import polars as pl

from mard.baselines.arrays import ANSWER, DIGITS, FAMILIES, PROBABILITIES, with_margin
from mard.baselines.plurality import elect, family_shares, neighbour_ballots, train_ballots
from mard.baselines.propagation import Tally


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


def kernel_propagation(train: pl.DataFrame, queries: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """The vote of all training pairs; a query that is like none gets the majority's answer."""
    shares = tally.shares()
    family = np.array(FAMILIES)[shares.argmax(axis=1)]
    answers = queries.select("pair_id").hstack(tally.elect(family))
    answers = answers.hstack(pl.DataFrame(shares.clip(0, 1).round(DIGITS), PROBABILITIES))
    voted = with_margin(answers).select(ANSWER).drop_nulls()
    silent = queries.join(voted, on="pair_id", how="anti")
    return pl.concat([voted, majority(train, silent)]).sort("pair_id")
