"""What retrieval shows of a protocol's training pairs, so that a baseline can learn from neighbours.

A training pair never sees itself (leave-one-out), and its neighbours imitate test time: under
``drug_cold`` none holds one of its drugs, drawn at random, under ``pair_cold`` none holds either. Else
the model would learn to trust neighbours that share a drug, which a cold query never has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from mard.evaluate.statistic import Floats
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.scalars import MAX_ATC_DEPTH
from mard.retrieve.similarity import pair_scalars
from mard.schema import Protocol

OnProgress = Callable[[int, int], None]

NEIGHBOUR_COLUMNS: Final = {
    "pair_id": pl.String,
    "rank": pl.Int64,
    "similarity": pl.Float64,
    "family": pl.String,
    "subtype": pl.String,
    "direction": pl.String,
    "polarity": pl.String,
}


def training_neighbours(
    index: NeighbourIndex,
    protocol: Protocol,
    train: pl.DataFrame,
    k: int,
    seed: int,
    on_progress: OnProgress | None = None,
) -> pl.DataFrame:
    """Neighbours of training pairs, with the columns of ``retrieve/neighbours`` that a vote needs.

    Args:
        index: The protocol's name is its universe.
        protocol: What the neighbours imitate.
        train: ``pair_id``, ``drug_a`` and ``drug_b``.
        k: Neighbours a pair.
        seed: Draws the drug to avoid under ``drug_cold``.
        on_progress: Called with (pairs done, pairs in all).
    """
    hide_first = np.random.default_rng(seed).random(train.height) < 0.5
    rows = []
    for place, (pair_id, a, b) in enumerate(train.select("pair_id", "drug_a", "drug_b").iter_rows()):
        avoid = _hidden(protocol, a, b, bool(hide_first[place]))
        for rank, found in enumerate(index.query(protocol, a, b, k, avoid=avoid)):
            label = found.label
            answer = (str(label.family), label.subtype, str(label.direction), str(label.polarity))
            rows.append((pair_id, rank, found.similarity, *answer))
        if on_progress:
            on_progress(place + 1, train.height)
    return pl.DataFrame(rows, schema=NEIGHBOUR_COLUMNS, orient="row")


def _hidden(protocol: Protocol, a: str, b: str, hide_first: bool) -> frozenset[str]:
    if protocol is Protocol.WARM:
        return frozenset()
    if protocol is Protocol.DRUG_COLD:
        return frozenset({a if hide_first else b})
    return frozenset({a, b})


def channels(index: NeighbourIndex, pairs: pl.DataFrame) -> Floats:
    """The four similarities of Eq. 8 for ``drug_a`` and ``drug_b``, each in [0, 1], ``[n, 4]``."""
    a, b = (index.features.rows_of(pairs[side]) for side in ("drug_a", "drug_b"))
    found = pair_scalars(index.features, a, b)
    depth = found.atc_depth / np.float64(MAX_ATC_DEPTH)
    return np.column_stack([found.pathway_jaccard, found.protein_jaccard, depth, found.smiles_tanimoto])
