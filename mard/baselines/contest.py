"""All baselines of one protocol, from its train part to their answers on held-out pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from mard.baselines.arrays import PROBABILITIES
from mard.baselines.classifiers import MODELS, Model
from mard.baselines.features import DrugTable, Tier, Votes, pair_features
from mard.baselines.propagation import Propagation, Tally
from mard.baselines.retrieval import Hidden, channels, hidden_drugs, neighbours
from mard.baselines.structural import Examples, sample_train, structural
from mard.baselines.votes import kernel_propagation, majority, neighbour_vote
from mard.config import Baselines
from mard.retrieve.neighbours import NeighbourIndex
from mard.schema import Protocol

OnProgress = Callable[[int, int], None]

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
        params: Which baselines, and how large.
    """

    protocol: Protocol
    train: pl.DataFrame
    queries: pl.DataFrame
    index: NeighbourIndex
    table: DrugTable
    params: Baselines

    def fitted_on(self) -> pl.Series:
        """Ids of all pairs that a baseline may learn from: the train part, and what retrieval shows."""
        shown = self.index.universes[self.protocol].members.pairs
        drugs = pl.Series(self.index.drug_ids, dtype=pl.String)
        ids = drugs[shown[:, 0]] + "|" + drugs[shown[:, 1]]
        return pl.concat([self.train["pair_id"], ids.alias("pair_id")])

    @cached_property
    def neighbours(self) -> pl.DataFrame:
        """The queries' nearest training pairs."""
        return neighbours(self.index, self.protocol, self.queries, self.params.k)

    @cached_property
    def propagation(self) -> Propagation:
        """All training pairs as voters."""
        return Propagation.of(self.index, self.train, self.queries, self.params.sharpness)

    @cached_property
    def tally(self) -> Tally:
        """What all training pairs say of the queries."""
        return self.propagation.tally(self.queries)


def run_baselines(contest: Contest, workers: int = 1, on_progress: OnProgress | None = None) -> pl.DataFrame:
    """Answers of every baseline, the same for any number of workers.

    Args:
        contest: What they are fitted on and asked.
        workers: Baselines that run side by side, each on one thread.
        on_progress: Called with (baselines done, baselines in all); a structural model counts once a tier.

    Returns:
        ``protocol``, ``model`` and the columns of an answer (:data:`mard.baselines.arrays.ANSWER`).
    """
    with (
        threadpool_limits(1, "blas"),
        ThreadPoolExecutor(workers, initializer=_no_threads_of_its_own) as pool,
    ):
        jobs = {name: pool.submit(run) for name, run in _runs(contest)}
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


def _runs(contest: Contest) -> Iterator[tuple[str, Callable[[], pl.DataFrame]]]:
    """Row name and computation of each baseline, simplest first."""
    train, queries, params = contest.train, contest.queries, contest.params
    if "majority" in params.models:
        yield "majority", partial(majority, train, queries)
    if "neighbour_vote" in params.models:
        yield "neighbour vote", partial(neighbour_vote, train, queries, contest.neighbours)
    if "kernel_propagation" in params.models:
        yield "kernel propagation", partial(kernel_propagation, train, queries, contest.tally)
    models = [name for name in MODELS if name in params.models]
    if not models:
        return
    lessons, questions = taught(contest), asked(contest)
    for tier in Tier:
        shown, put = lessons.examples(tier), questions.examples(tier, contest.tally)
        for name in models:
            model = Model(name, params.trees, params.depth, params.seed)
            yield f"{name} {tier}", partial(structural, model, shown, put)


@dataclass(frozen=True)
class View:
    """Pairs with all that any tier may show of them."""

    contest: Contest
    pairs: pl.DataFrame
    votes: tuple[Votes, ...]

    @classmethod
    def of(cls, contest: Contest, pairs: pl.DataFrame, shown: pl.DataFrame, hidden: Hidden) -> View:
        """Votes of the neighbours ``shown``, and of all training pairs without the drugs that are hidden."""
        nearest = Votes.of_neighbours(pairs["pair_id"], shown)
        return cls(contest, pairs, (nearest, contest.propagation.votes(pairs, hidden)))

    def examples(self, tier: Tier, tally: Tally | None = None) -> Examples:
        """The pairs as a tier sees them."""
        index, table = self.contest.index, self.contest.table
        features = pair_features(tier, table, self.pairs, channels(index, self.pairs), self.votes)
        return Examples(self.pairs, features, tally if tier >= Tier.VOTES else None)


def taught(contest: Contest) -> View:
    """A sample of train, each pair seen as a held-out pair would be."""
    params, index = contest.params, contest.index
    pairs = sample_train(contest.train, params.max_train, params.seed)
    hidden = hidden_drugs(contest.protocol, pairs.height, params.seed)
    shown = neighbours(index, contest.protocol, pairs, params.k, hidden)
    return View.of(contest, pairs, shown, hidden)


def asked(contest: Contest) -> View:
    """The held-out pairs: they hide nothing, for train does not hold them."""
    nobody = np.zeros((contest.queries.height, 2), dtype=np.bool_)
    return View.of(contest, contest.queries, contest.neighbours, nobody)
