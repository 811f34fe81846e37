"""RPC: how sound the process reward model finds the steps."""

from __future__ import annotations

import polars as pl

from mard.evaluate.statistic import Statistic, mean


def rpc(predictions: pl.DataFrame) -> Statistic:
    """Mean of ``step_mean``, the PRM's mean step score of a trace, over the predictions that have one."""
    scored = predictions["step_mean"].is_not_null().to_numpy()
    return mean(predictions["step_mean"].fill_null(0.0).to_numpy(), among=scored)
