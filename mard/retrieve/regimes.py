"""Which retrieval a training example imitates (section 9).

At test time a cold query has no neighbour that holds its unseen drug. A training example whose
neighbours always may share its drugs would teach trust in what is not there, so examples are dealt
to the three protocols in fixed shares.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from mard.config import RegimeShares
from mard.schema import Protocol
from mard.split.draw import stratified_order
from mard.split.frames import families_of, keys_of

PROTOCOLS: Final = (Protocol.WARM, Protocol.DRUG_COLD, Protocol.PAIR_COLD)


def deal_regimes(pairs: pl.DataFrame, shares: RegimeShares, seed: int) -> pl.DataFrame:
    """Deal the pairs of a split table to regimes, stratified by family.

    Returns:
        The pairs with ``regime`` and ``avoid``: the drugs that no neighbour may contain (none, one
        drawn at random, or both).
    """
    keys = keys_of(pairs, seed)
    rank, size = stratified_order(families_of(pairs), keys)
    quantile = (rank + 0.5) / size
    bounds = np.cumsum([shares.warm, shares.drug_cold])
    regime = [str(PROTOCOLS[place]) for place in np.searchsorted(bounds, quantile, side="right")]
    second = pl.Series(keys_of(pairs, seed + 1) % 2 == 1)
    hidden = pl.when(second).then("drug_b").otherwise("drug_a")
    return pairs.with_columns(regime=pl.Series(regime, dtype=pl.String)).with_columns(
        avoid=pl.when(pl.col("regime") == Protocol.WARM)
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .when(pl.col("regime") == Protocol.DRUG_COLD)
        .then(pl.concat_list(hidden))
        .otherwise(pl.concat_list("drug_a", "drug_b"))
    )
