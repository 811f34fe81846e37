"""What retrieval shows of pairs, so that a baseline can learn from neighbours.

A training pair never sees itself (leave-one-out), and its neighbours imitate test time: under
``drug_cold`` none holds one of its drugs, drawn at random, under ``pair_cold`` none holds either. Else
the model would learn to trust neighbours that share a drug, which a cold query never has.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mard.baselines.arrays import Floats
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.scalars import MAX_ATC_DEPTH
from mard.retrieve.similarity import pair_scalars
from mard.schema import Protocol

Hidden = NDArray[np.bool_]

NOBODY: Final = -1
NEIGHBOUR_COLUMNS: Final = {
    "pair_id": pl.String,
    "rank": pl.Int64,
    "similarity": pl.Float64,
    "family": pl.String,
    "subtype": pl.String,
    "direction": pl.String,
    "polarity": pl.String,
}


def hidden_drugs(protocol: Protocol, pairs: int, seed: int) -> Hidden:
    """Which drug of a training pair stands for one that was never seen, bool ``[pairs, 2]``."""
    if protocol is Protocol.DRUG_COLD:
        first = np.random.default_rng(seed).random(pairs) < 0.5
        return np.column_stack([first, ~first])
    return np.full((pairs, 2), protocol is Protocol.PAIR_COLD)


def neighbours(
    index: NeighbourIndex, protocol: Protocol, pairs: pl.DataFrame, k: int, hidden: Hidden | None = None
) -> pl.DataFrame:
    """Neighbours of pairs, with the columns of ``retrieve/neighbours`` that a vote needs.

    Args:
        index: The protocol's name is its universe.
        protocol: Whose train may be shown.
        pairs: ``pair_id``, ``drug_a`` and ``drug_b`` in canonical order, ``[n]``.
        k: Neighbours a pair.
        hidden: Which of the two drugs no neighbour may contain ``[n, 2]``; by default neither.
    """
    roster = index.roster({*pairs["drug_a"], *pairs["drug_b"]})
    a, b = (roster.rows(pairs[side]) for side in ("drug_a", "drug_b"))
    avoid = None
    if hidden is not None:
        avoid = np.where(hidden, np.column_stack([a, b]), NOBODY).astype(np.int32)
    shown = index.shown(protocol, index.query_many(protocol, roster, a, b, k, avoid=avoid))
    return shown.with_columns(pair_id=pairs["pair_id"][shown["query"]]).select(list(NEIGHBOUR_COLUMNS))


def channels(index: NeighbourIndex, pairs: pl.DataFrame) -> Floats:
    """The four similarities of Eq. 8 for ``drug_a`` and ``drug_b``, each in [0, 1], ``[n, 4]``."""
    a, b = (index.features.rows_of(pairs[side]) for side in ("drug_a", "drug_b"))
    found = pair_scalars(index.features, a, b)
    depth = found.atc_depth / np.float64(MAX_ATC_DEPTH)
    return np.column_stack([found.pathway_jaccard, found.protein_jaccard, depth, found.smiles_tanimoto])
