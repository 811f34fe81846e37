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
from mard.retrieve.similarity import MAX_ATC_DEPTH
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
    found = index.pairs_evidence(list(pairs.select("drug_a", "drug_b").iter_rows()))
    rows = [
        (one.pathway_jaccard, one.protein_jaccard, one.atc_depth / MAX_ATC_DEPTH, one.smiles_tanimoto)
        for one in found
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
