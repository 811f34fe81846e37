"""Does accuracy depend on how often a pair's rarer drug has been seen?

On ``warm`` the count is the drug's pairs in train. Under the cold protocols that is 0 for every
held-out drug, so there the count is the drug's pairs in the whole corpus: a measure of how well known a
drug is, not of what the model has seen of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import spearmanr

from mard.evaluate.statistic import UNSCORED, Mask, Score, as_score
from mard.schema import Protocol

Counts = NDArray[np.int64]

DECILES = 10


def count_basis(protocol: Protocol) -> str:
    """What :func:`pair_counts` should count under ``protocol``: ``train`` or ``corpus``."""
    return "train" if protocol is Protocol.WARM else "corpus"


def pair_counts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs per drug, as ``drug_id`` and ``pairs``, from the columns ``drug_a`` and ``drug_b``."""
    drugs = pl.concat([pairs["drug_a"], pairs["drug_b"]]).alias("drug_id")
    return drugs.to_frame().group_by("drug_id").len("pairs").sort("drug_id")


def rarer_count(pairs: pl.DataFrame, counts: pl.DataFrame) -> Counts:
    """The smaller of the two drugs' counts ``[n]``; a drug that ``counts`` does not list has 0."""
    of_drug = [
        pairs.select(drug_id=side).join(counts, on="drug_id", how="left", maintain_order="left")["pairs"]
        for side in ("drug_a", "drug_b")
    ]
    smaller: Counts = np.minimum(*(column.fill_null(0).to_numpy().astype(np.int64) for column in of_drug))
    return smaller


def deciles(count: Counts, right: Mask) -> list[dict[str, Any]]:
    """Accuracy per decile of ``count`` [n], rarest first.

    Equal counts stay in one decile, so a small or lumpy corpus has fewer than ten.
    """
    edges = np.unique(np.quantile(count, np.linspace(0, 1, DECILES + 1)[1:-1], method="inverted_cdf"))
    group = np.searchsorted(edges, count, side="left")
    rows = []
    for index in np.unique(group):
        member = group == index
        rows.append(
            {
                "low": int(count[member].min()),
                "high": int(count[member].max()),
                "pairs": int(member.sum()),
                "accuracy": as_score(right[member].mean()),
            }
        )
    return rows


def spearman(count: Counts, right: Mask) -> Score:
    """Rank correlation over pairs of ``count`` and being right; unscored where either is constant."""
    if np.ptp(count) == 0 or right.all() or not right.any():
        return UNSCORED
    return as_score(spearmanr(count, right).statistic)
