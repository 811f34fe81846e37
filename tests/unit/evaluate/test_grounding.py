from __future__ import annotations

import polars as pl
import pytest

from mard.evaluate.grounding import grounding_statistics
from mard.evaluate.process import rpc
from mard.evaluate.statistic import UNSCORED, scores


def _predictions(**changes: list[object]) -> pl.DataFrame:
    columns = {
        "citations": [4, 1],
        "grounded": [3, 1],
        "claims": [1, 1],
        "supported": [1, 0],
        "parsed": [True, True],
    }
    return pl.DataFrame(columns | changes)


def test_by_hand() -> None:
    # 1 citation of 5 is not in its pool; 1 of 2 family claims is supported
    assert scores(grounding_statistics(_predictions())) == {"csa": 0.5, "hr": 0.2, "parse_rate": 1.0}


def test_without_a_citation_there_is_no_hallucination_rate() -> None:
    got = scores(
        grounding_statistics(_predictions(citations=[0, 0], grounded=[0, 0], claims=[0, 0], supported=[0, 0]))
    )
    assert got["hr"] == UNSCORED
    assert got["csa"] == UNSCORED


def test_parse_rate_counts_every_answer() -> None:
    assert scores(grounding_statistics(_predictions(parsed=[True, False])))["parse_rate"] == 0.5


def test_rpc_averages_over_the_traces_that_were_scored() -> None:
    assert rpc(pl.DataFrame({"step_mean": [0.9, None, 0.5]})).score() == pytest.approx(0.7)
    assert rpc(pl.DataFrame({"step_mean": pl.Series([None], dtype=pl.Float64)})).score() == UNSCORED
