"""Is what the traces cite in the pool, and does it carry the family claimed?"""

from __future__ import annotations

import polars as pl

from mard.evaluate.statistic import Statistic, mean, ratio


def grounding_statistics(predictions: pl.DataFrame) -> dict[str, Statistic]:
    """CSA, HR and parse rate of ``n`` predictions.

    Args:
        predictions: Columns ``citations`` and ``grounded`` (citations in the trace, and those of them in
            the pool), ``claims`` and ``supported`` (family claims, and those of them with a grounded citation
            in a step that argues for the family), ``parsed``.
    """
    count = {name: predictions[name].to_numpy() for name in ("citations", "grounded", "claims", "supported")}
    return {
        "csa": ratio(count["supported"], count["claims"]),
        "hr": ratio(count["citations"] - count["grounded"], count["citations"]),
        "parse_rate": mean(predictions["parsed"].to_numpy()),
    }
