from __future__ import annotations

import polars as pl

from mard.label.drift import taxonomy_drift
from mard.label.taxonomy import load_taxonomy


def labels(**pairs: int) -> pl.DataFrame:
    rows = [("AdverseRisk", raw) for raw, count in pairs.items() for _ in range(count)]
    return pl.DataFrame(rows, schema=["family", "raw_subtype"], orient="row")


def test_new_subtypes_are_reported_and_frequent_ones_would_enter():
    drift = taxonomy_drift(labels(bleeding=60, hiccups=50, sneezing=49), load_taxonomy())
    hiccups = {"family": "AdverseRisk", "raw_subtype": "hiccups", "pairs": 50}
    assert drift["unlisted"] == [hiccups, {"family": "AdverseRisk", "raw_subtype": "sneezing", "pairs": 49}]
    assert drift["would_enter"] == [hiccups]


def test_subtypes_below_the_threshold_would_leave():
    """Of the 145 named subtypes only bleeding keeps its 50 pairs: 144 would go."""
    leaving = taxonomy_drift(labels(bleeding=50, seizure=49), load_taxonomy())["would_leave"]
    assert len(leaving) == 144
    assert leaving[0] == {"family": "AdverseRisk", "raw_subtype": "seizure", "pairs": 49}
    assert not any(row["raw_subtype"].startswith("misc_") for row in leaving)
