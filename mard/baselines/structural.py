"""Structural models: classifiers over a tier's features (:mod:`mard.baselines.features`).

They answer in four steps, so that they are scored on the whole label:

1. family, by a classifier over symmetric features;
2. subtype, the most common one of that family in train, or in tier (iii) the one that training pairs
   of that family vote for (:mod:`mard.baselines.propagation`);
3. direction, ``bidirectional`` where the subtype mostly is, else by a classifier over oriented
   features, trained on both orderings and averaged over both: a flipped pair gets the mirrored answer;
4. polarity, decided as the subtype is.

Training rows are weighted by 1/sqrt(n_family), as the student's are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from mard.baselines.arrays import (
    ANSWER,
    DIGITS,
    FAMILIES,
    LEVELS,
    PROBABILITIES,
    Floats,
    Matrix,
    Texts,
    texts,
    with_margin,
)
from mard.baselines.classifiers import Model, fit
from mard.baselines.features import PairFeatures
from mard.baselines.plurality import elect, train_ballots
from mard.baselines.propagation import Tally
from mard.schema import Direction


@dataclass(frozen=True)
class Examples:
    """Pairs with what a structural model sees of them.

    Attributes:
        pairs: ``pair_id``, and in train the label columns, ``n`` rows.
        features: Of one tier, aligned with ``pairs``.
        tally: What all training pairs say of their labels, or None where the tier does not show it.
    """

    pairs: pl.DataFrame
    features: PairFeatures
    tally: Tally | None = None


def sample_train(train: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """At most ``size`` rows, stratified by family, sorted by ``pair_id``."""
    ordered = train.sort("pair_id")
    if ordered.height <= size:
        return ordered
    shuffled = ordered.sample(fraction=1.0, shuffle=True, seed=seed)
    quantile = pl.int_range(pl.len()).over("family") / pl.len().over("family")
    return shuffled.sort(quantile, "pair_id").head(size).sort("pair_id")


def structural(model: Model, train: Examples, queries: Examples) -> pl.DataFrame:
    """Answers of a classifier fitted on ``train``, one row a query, in the queries' order."""
    likely = _predict_family(model, train, queries)
    family = np.array(FAMILIES)[likely.argmax(axis=1)]
    probable = pl.DataFrame(likely, schema=PROBABILITIES)
    answers = with_margin(queries.pairs.select("pair_id", family=pl.Series(family)).hstack(probable))
    answers = _with_subtype(answers, train.pairs, queries.tally)
    forth = _predict_direction(model, train, queries, family)
    toward = np.where(forth >= 0.5, Direction.A_TO_B, Direction.B_TO_A).astype(np.str_)
    mutual = answers["direction"] == Direction.BIDIRECTIONAL
    direction = np.where(mutual.to_numpy(), str(Direction.BIDIRECTIONAL), toward)
    return answers.with_columns(direction=pl.Series(direction)).select(ANSWER)


def _predict_family(model: Model, train: Examples, queries: Examples) -> Floats:
    """Probability of each family ``[n, 7]``; 0 for one that train does not have."""
    family = texts(train.pairs["family"])
    classes, probability = fit(model, train.features.symmetric, family, _balance(family))
    likely = np.zeros((queries.pairs.height, len(FAMILIES)))
    likely[:, np.searchsorted(FAMILIES, classes)] = probability(queries.features.symmetric)
    return likely.clip(0, 1).round(DIGITS)


def _with_subtype(answers: pl.DataFrame, train: pl.DataFrame, tally: Tally | None) -> pl.DataFrame:
    """Add subtype, direction and polarity: the most common ones in train, unless pairs of the family vote."""
    rest = list(LEVELS[1:])
    usual = elect(train_ballots(train), ["family"], rest).drop("share")
    answers = answers.join(usual, on="family", how="left", maintain_order="left")
    if tally is None:
        return answers
    voted = tally.elect(texts(answers["family"])).select(rest)
    return answers.with_columns(pl.coalesce(voted[name], answers[name]).alias(name) for name in rest)


def _predict_direction(model: Model, train: Examples, queries: Examples, family: Texts) -> Floats:
    """P(a_to_b) against b_to_a ``[n]``, for queries of the given families."""
    direction = texts(train.pairs["direction"])
    directed = direction != Direction.BIDIRECTIONAL
    if not directed.any():
        return np.full(len(family), 0.5)
    oriented = train.features.oriented[np.flatnonzero(directed)]
    context = _one_hot(texts(train.pairs["family"])[directed])
    forward = (direction[directed] == Direction.A_TO_B).astype(np.int64)
    both = sparse.vstack([_join(oriented, context), _join(-oriented, context)], format="csr")
    _, probability = fit(model, both, np.concatenate([forward, 1 - forward]), np.ones(both.shape[0]))
    asked = _one_hot(family)
    seen = probability(_join(queries.features.oriented, asked))[:, 1]
    flipped = probability(_join(-queries.features.oriented, asked))[:, 1]
    return (seen + 1 - flipped) / 2


def _balance(family: Texts) -> Floats:
    """1/sqrt(n_family), scaled to mean 1."""
    _, place, count = np.unique(family, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(count[place])
    balanced: Floats = weight / weight.mean()
    return balanced


def _one_hot(family: Texts) -> Matrix:
    return sparse.csr_array((family[:, None] == np.array(FAMILIES)).astype(np.float64))


def _join(left: Matrix, right: Matrix) -> Matrix:
    return sparse.hstack([left, right], format="csr")
