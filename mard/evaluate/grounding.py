"""Is what the traces cite in the pool, and does it carry the family claimed?"""

from __future__ import annotations

import polars as pl

from mard.evaluate.statistic import Statistic, mean, ratio


def grounding_statistics(predictions: pl.DataFrame) -> dict[str, Statistic]:
    """CSA, HR and parse rate of ``n`` predictions.

    A prediction claims one family; the claim is supported when at least one step that argues for this
    family has a grounded citation. A trace without such a step is unsupported, and one that could not be
    parsed claims nothing. HR is a share of citations, so long traces weigh more.

    Args:
        predictions: Columns ``citations`` and ``grounded`` (citations in the trace, and those of them in
            the pool), ``supported`` (steps as above), ``parsed``.
    """
    citations, grounded = (predictions[name].to_numpy() for name in ("citations", "grounded"))
    parsed = predictions["parsed"].to_numpy()
    return {
        "csa": mean(predictions["supported"].to_numpy() > 0, among=parsed),
        "hr": ratio(citations - grounded, citations),
        "parse_rate": mean(parsed),
    }
