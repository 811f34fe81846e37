from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from mard.errors import InputError
from mard.evaluate.comparison import FINAL, FinishedRun, compare_runs
from mard.evaluate.report.compare_page import differing_facts, render_comparison, verdicts
from mard.evaluate.tables import comparison_table
from tests.unit.evaluate.runs import finished

ALL = range(12)


def compared(*runs: FinishedRun, layer: str = FINAL) -> dict[str, Any]:
    return compare_runs(runs, layer=layer, resamples=300, seed=1)


def test_a_run_is_better_by_what_it_gets_right_more() -> None:
    found = compared(finished("old", wrong=ALL), finished("new", wrong=()))
    body = found["protocols"]["warm"]
    assert (body["pairs"], body["drugs"]) == (12, 24)
    assert body["figures"]["old"]["accuracy"]["value"] == 0.0
    difference = body["differences"]["new"]["accuracy"]
    assert (difference["difference"], difference["cluster"], difference["win"]) == (1.0, [1.0, 1.0], "run")
    assert "new is better than old: +100.0 points of macro-F1" in next(verdicts(found))


def test_the_reference_wins_where_the_other_loses_and_equal_runs_are_even() -> None:
    found = compared(finished("old", wrong=()), finished("new", wrong=ALL), finished("same", wrong=()))
    wins = {run: own["macro_f1"]["win"] for run, own in found["protocols"]["warm"]["differences"].items()}
    assert wins == {"new": "reference", "same": "none"}
    said = list(verdicts(found))
    assert "new is worse than old" in said[0]
    assert "same and old are not told apart: +0.0" in said[1]


def test_only_pairs_with_one_label_that_every_run_answered_count() -> None:
    other = finished("new", wrong=())
    relabelled = other.answers.with_columns(
        gold_family=pl.when(pl.col("pair_id") == "DB10000|DB20000")
        .then(pl.lit("Efficacy"))
        .otherwise("gold_family")
    ).filter(pl.col("pair_id") != "DB10001|DB20001")
    body = compared(finished("old", wrong=()), FinishedRun("new", {}, "stack", relabelled))["protocols"][
        "warm"
    ]
    assert body["pairs"] == 10
    assert body["left_out"] == {"old": 2, "new": 1}


def test_mirror_consistency_is_that_of_the_raw_model_whatever_layer_is_compared() -> None:
    body = compared(finished("old", wrong=(), flipped=(0, 1, 2)), finished("new", wrong=()))["protocols"][
        "warm"
    ]
    assert body["figures"]["old"]["mfs"]["value"] == 0.75
    assert body["differences"]["new"]["mfs"]["difference"] == 0.25


def test_each_final_layer_is_compared_whatever_it_is_called_and_any_other_by_name() -> None:
    runs = finished("old", wrong=()), finished("new", wrong=ALL, final="symmetrise")
    assert compared(*runs)["protocols"]["warm"]["figures"]["new"]["accuracy"]["value"] == 0.0
    raw = compared(*runs, layer="greedy")["protocols"]["warm"]["figures"]
    assert raw["new"]["accuracy"]["value"] == raw["old"]["accuracy"]["value"] == 1.0


def test_what_cannot_be_compared_is_refused() -> None:
    one = finished("old", wrong=())
    with pytest.raises(InputError, match="at least two different runs, got: old"):
        compared(one)
    with pytest.raises(InputError, match="at least two different runs, got: old, old"):
        compared(one, one)
    elsewhere = FinishedRun("new", {}, "stack", one.answers.with_columns(pair_id=pl.lit("DB1|DB2")))
    with pytest.raises(InputError, match="no labelled test pair in common"):
        compared(one, elsewhere)


def test_facts_that_differ_are_shown_and_others_are_not() -> None:
    runs = [{"name": "a", "Release": "r", "λ": "0.1"}, {"name": "b", "Release": "r", "λ": "0"}]
    assert differing_facts(runs) == [("λ", ["0.1", "0"])]


def test_the_page_and_the_table_say_the_same() -> None:
    found = compared(finished("<old>", wrong=ALL), finished("new", wrong=()))
    page = render_comparison(found)
    assert "&lt;old&gt;" in page
    assert "<old>" not in page
    assert page.count("▲ better") == 4  # macro-F1, accuracy, THS, merged; mirror consistency is even
    assert "+100.0" in page
    row = next(
        line for line in comparison_table(found).splitlines() if line.startswith("warm,12,new,macro_f1")
    )
    assert row.split(",")[4:] == ["1.0", "1.0", "1.0", "1.0", "run", "1.0", "1.0", "1.0", "1.0"]
