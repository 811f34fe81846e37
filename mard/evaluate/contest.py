"""All baselines of one protocol, from its train part to their answers on its test pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import polars as pl

from mard.evaluate.baselines import (
    MODELS,
    Examples,
    Model,
    ModelName,
    majority,
    neighbour_vote,
    sample_train,
    structural,
)
from mard.evaluate.features import DrugTable, Tier, VoteFeatures, pair_features
from mard.evaluate.retrieval import OnProgress, channels, training_neighbours
from mard.evaluate.statistic import Floats
from mard.retrieve.neighbours import NeighbourIndex
from mard.schema import Protocol


@dataclass(frozen=True)
class Contest:
    """What the baselines of one protocol are fitted on and asked.

    Attributes:
        protocol: The protocol; its name is the index's universe.
        train: Its train part: ``pair_id``, ``drug_a``, ``drug_b`` and label columns.
        queries: ``pair_id``, ``drug_a`` and ``drug_b`` of its test pairs.
        neighbours: Rows of ``retrieve/neighbours`` for the queries.
        index: The neighbour index.
        table: Multi-hot rows of the drugs.
    """

    protocol: Protocol
    train: pl.DataFrame
    queries: pl.DataFrame
    neighbours: pl.DataFrame
    index: NeighbourIndex
    table: DrugTable


@dataclass(frozen=True)
class Settings:
    """Which baselines, and how large.

    Attributes:
        names: Of majority, neighbour_vote, logistic and xgboost.
        max_train: Training rows of a structural model at most, stratified by family.
        trees: Boosting rounds.
        depth: Depth of a tree.
        k: Neighbours that a training pair is shown.
        seed: Seed of every draw.
    """

    names: Sequence[str]
    max_train: int
    trees: int
    depth: int
    k: int
    seed: int


def run_baselines(
    contest: Contest, settings: Settings, on_progress: OnProgress | None = None
) -> pl.DataFrame:
    """Answers of every baseline, with the columns of ``evaluate/baselines``.

    ``on_progress`` is called with (baselines done, baselines in all); a structural model counts once a tier.
    """
    runs = dict(_runs(contest, settings))
    tables = []
    for done, (name, run) in enumerate(runs.items(), start=1):
        answers = run().with_columns(protocol=pl.lit(str(contest.protocol)), baseline=pl.lit(name))
        tables.append(answers.select("protocol", "baseline", pl.exclude("protocol", "baseline")))
        if on_progress:
            on_progress(done, len(runs))
    return pl.concat(tables)


def _runs(contest: Contest, settings: Settings) -> Iterator[tuple[str, Callable[[], pl.DataFrame]]]:
    """Row name and computation of each baseline, simplest first."""
    train, queries = contest.train, contest.queries
    if "majority" in settings.names:
        yield "majority", partial(majority, train, queries)
    if "neighbour_vote" in settings.names:
        yield "neighbour vote", partial(neighbour_vote, train, queries, contest.neighbours)
    field = _Field(contest, settings)
    for tier in Tier:
        for name in MODELS:
            if name in settings.names:
                yield f"{name} {tier}", partial(field.answer, name, tier)


@dataclass(frozen=True)
class _Field:
    """The structural models' training rows and queries, made when the first model asks for them."""

    contest: Contest
    settings: Settings

    def answer(self, name: ModelName, tier: Tier) -> pl.DataFrame:
        model = Model(name, self.settings.trees, self.settings.depth, self.settings.seed)
        return structural(model, self.train.examples(tier), self.queries.examples(tier))

    @cached_property
    def train(self) -> _View:
        contest, settings = self.contest, self.settings
        pairs = sample_train(contest.train, settings.max_train, settings.seed)
        shown = training_neighbours(contest.index, contest.protocol, pairs, settings.k, settings.seed)
        return _View.of(contest, pairs, shown)

    @cached_property
    def queries(self) -> _View:
        return _View.of(self.contest, self.contest.queries, self.contest.neighbours)


@dataclass(frozen=True)
class _View:
    """Pairs with all that any tier may show of them."""

    table: DrugTable
    pairs: pl.DataFrame
    neighbours: pl.DataFrame
    channels: Floats
    votes: VoteFeatures

    @classmethod
    def of(cls, contest: Contest, pairs: pl.DataFrame, neighbours: pl.DataFrame) -> _View:
        votes = VoteFeatures.of(pairs["pair_id"], neighbours)
        return cls(contest.table, pairs, neighbours, channels(contest.index, pairs), votes)

    def examples(self, tier: Tier) -> Examples:
        features = pair_features(tier, self.table, self.pairs, self.channels, self.votes)
        return Examples(self.pairs, features, self.neighbours if tier >= Tier.NEIGHBOURS else None)
