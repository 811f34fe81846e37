from __future__ import annotations

import polars as pl
import pytest

from mard.evaluate.grounding import grounding_statistics
from mard.evaluate.process import rpc
from mard.evaluate.statistic import UNSCORED, scores


def _predictions(**changes: list[object]) -> pl.DataFrame:
    columns = {"citations": [4, 1], "grounded": [3, 1], "supported": [2, 0], "parsed": [True, True]}
    return pl.DataFrame(columns | changes)


def test_by_hand() -> None:
    # 1 citation of 5 is not in its pool; 1 of 2 families is argued for by a step with a grounded citation
    assert scores(grounding_statistics(_predictions())) == {"csa": 0.5, "hr": 0.2, "parse_rate": 1.0}


def test_without_a_citation_there_is_no_hallucination_rate_and_no_support() -> None:
    got = scores(grounding_statistics(_predictions(citations=[0, 0], grounded=[0, 0], supported=[0, 0])))
    assert got["hr"] == UNSCORED
    assert got["csa"] == 0.0


def test_an_unparsed_answer_claims_nothing_and_lowers_the_parse_rate() -> None:
    got = scores(grounding_statistics(_predictions(parsed=[True, False])))
    assert (got["csa"], got["parse_rate"]) == (1.0, 0.5)


def test_rpc_averages_over_the_traces_that_were_scored() -> None:
    assert rpc(pl.DataFrame({"step_mean": [0.9, None, 0.5]})).score() == pytest.approx(0.7)
    assert rpc(pl.DataFrame({"step_mean": pl.Series([None], dtype=pl.Float64)})).score() == UNSCORED
