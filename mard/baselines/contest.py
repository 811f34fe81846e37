"""All baselines of one protocol, from its train part to their answers on its test pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import polars as pl
from threadpoolctl import threadpool_limits

from mard.baselines.arrays import PROBABILITIES, Floats
from mard.baselines.features import DrugTable, Tier, VoteFeatures, pair_features
from mard.baselines.retrieval import OnProgress, channels, neighbours, training_neighbours
from mard.baselines.structural import (
    MODELS,
    Examples,
    Model,
    sample_train,
    structural,
)
from mard.baselines.votes import majority, neighbour_vote
from mard.retrieve.neighbours import NeighbourIndex
from mard.schema import Protocol

NARROW: Final[Any] = dict.fromkeys(PROBABILITIES, pl.Float32)


@dataclass(frozen=True)
class Contest:
    """What the baselines of one protocol are fitted on and asked.

    Attributes:
        protocol: The protocol; its name is the index's universe.
        train: Its train part: ``pair_id``, ``drug_a``, ``drug_b`` and label columns.
        queries: ``pair_id``, ``drug_a`` and ``drug_b`` of held-out pairs.
        index: The neighbour index.
        table: Multi-hot rows of the drugs.
    """

    protocol: Protocol
    train: pl.DataFrame
    queries: pl.DataFrame
    index: NeighbourIndex
    table: DrugTable

    def fitted_on(self) -> pl.Series:
        """Ids of all pairs that a baseline may learn from: the train part, and what retrieval shows."""
        shown = self.index.universes[self.protocol].members.pairs
        drugs = pl.Series(self.index.drug_ids, dtype=pl.String)
        ids = drugs[shown[:, 0]] + "|" + drugs[shown[:, 1]]
        return pl.concat([self.train["pair_id"], ids.alias("pair_id")])


@dataclass(frozen=True)
class Settings:
    """Which baselines, and how large.

    Attributes:
        names: Of majority, neighbour_vote, logistic and xgboost.
        max_train: Training rows of a structural model at most, stratified by family.
        trees: Boosting rounds.
        depth: Depth of a tree.
        k: Neighbours that a pair is shown.
        seed: Seed of every draw.
    """

    names: Sequence[str]
    max_train: int
    trees: int
    depth: int
    k: int
    seed: int


def run_baselines(
    contest: Contest, settings: Settings, workers: int = 1, on_progress: OnProgress | None = None
) -> pl.DataFrame:
    """Answers of every baseline, the same for any number of workers.

    Args:
        contest: What they are fitted on and asked.
        settings: Which ones.
        workers: Baselines that run side by side, each on one thread.
        on_progress: Called with (baselines done, baselines in all); a structural model counts once a tier.

    Returns:
        ``protocol``, ``model`` and the columns of an answer (:data:`mard.baselines.arrays.ANSWER`).
    """
    runs = dict(_runs(contest, settings))
    with (
        threadpool_limits(1, "blas"),
        ThreadPoolExecutor(workers, initializer=_no_threads_of_its_own) as pool,
    ):
        jobs = {name: pool.submit(run) for name, run in runs.items()}
        for done, job in enumerate(as_completed(jobs.values()), start=1):
            job.result()
            if on_progress:
                on_progress(done, len(jobs))
    protocol = pl.lit(str(contest.protocol)).alias("protocol")
    return pl.concat(
        job.result().select(protocol, pl.lit(name).alias("model"), pl.all()).cast(NARROW)
        for name, job in jobs.items()
    )


def _no_threads_of_its_own() -> None:
    """OpenMP's limit belongs to the thread that sets it, so every worker sets its own."""
    threadpool_limits(1, "openmp")


def _runs(contest: Contest, settings: Settings) -> Iterator[tuple[str, Callable[[], pl.DataFrame]]]:
    """Row name and computation of each baseline, simplest first."""
    train, queries = contest.train, contest.queries
    shown = neighbours(contest.index, contest.protocol, queries, settings.k)
    if "majority" in settings.names:
        yield "majority", partial(majority, train, queries)
    if "neighbour_vote" in settings.names:
        yield "neighbour vote", partial(neighbour_vote, train, queries, shown)
    models = [name for name in MODELS if name in settings.names]
    if not models:
        return
    rows, asked = _training_view(contest, settings), _View.of(contest, queries, shown)
    for tier in Tier:
        taught, question = rows.examples(tier), asked.examples(tier)
        for name in models:
            model = Model(name, settings.trees, settings.depth, settings.seed)
            yield f"{name} {tier}", partial(structural, model, taught, question)


def _training_view(contest: Contest, settings: Settings) -> _View:
    pairs = sample_train(contest.train, settings.max_train, settings.seed)
    shown = training_neighbours(contest.index, contest.protocol, pairs, settings.k, settings.seed)
    return _View.of(contest, pairs, shown)


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
