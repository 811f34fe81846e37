from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mard.errors import InputError
from mard.evaluate.bootstrap import bounds, winner
from mard.evaluate.repeats import Repeat, pool_repeats
from tests.unit.evaluate.runs import finished

ALL = range(12)


def repeat(name: str, *, wrong, rival_wrong, offset: int = 0) -> Repeat:
    """A run whose student and whose neighbour vote are wrong on some pairs; ``offset`` renames its drugs."""
    run = finished(name, wrong=wrong)
    renamed = run.answers.with_columns(
        pl.col("drug_a", "drug_b", "pair_id").str.replace_all("DB", f"DB{offset}") if offset else pl.all()
    )
    rows = renamed.filter((pl.col("layer") == "stack") & (pl.col("ordering") == "ab"))
    number = pl.int_range(pl.len())
    rival = rows.sort("pair_id").with_columns(
        family=pl.when(number.is_in(list(rival_wrong))).then(pl.lit("Efficacy")).otherwise("gold_family"),
        model=pl.lit("neighbour vote"),
    )
    columns = ("protocol", "model", "pair_id", "family", "subtype", "direction", "polarity")
    return Repeat(type(run)(name, run.facts, run.final_layer, renamed), rival.select(columns))


def pooled(*repeats: Repeat) -> dict:
    return pool_repeats(repeats, resamples=400, seed=1)["warm"]


def test_a_mean_difference_and_its_spread() -> None:
    # Accuracy: 12/12 less 6/12, then 9/12 less 6/12: .5 and .25, mean .375, spread .25 / sqrt 2.
    found = pooled(
        repeat("one", wrong=(), rival_wrong=range(6)),
        repeat("two", wrong=range(3), rival_wrong=range(6), offset=7),
    )
    difference = found["differences"]["stack"]["neighbour vote"]["accuracy"]
    assert difference["values"] == [0.5, 0.25]
    assert difference["mean"] == 0.375
    assert difference["spread"] == pytest.approx(0.25 / np.sqrt(2), abs=1e-6)
    assert difference["win"] == "student"
    assert found["systems"]["stack"]["accuracy"]["values"] == [1.0, 0.75]
    assert found["systems"]["neighbour vote"]["accuracy"]["mean"] == 0.5
    assert (found["pairs"], found["drugs"]) == ([12, 12], [24, 24])


def test_what_wins_once_and_loses_once_wins_nothing() -> None:
    found = pooled(
        repeat("one", wrong=(), rival_wrong=range(6)), repeat("two", wrong=range(6), rival_wrong=(), offset=7)
    )
    difference = found["differences"]["stack"]["neighbour vote"]["accuracy"]
    assert difference["mean"] == 0.0
    assert difference["win"] == "none"
    assert difference["cluster"][0] < 0 < difference["cluster"][1]


def test_other_drugs_narrow_the_interval_and_the_same_drugs_again_do_not() -> None:
    def width(*repeats: Repeat) -> float:
        low, high = pooled(*repeats)["differences"]["stack"]["neighbour vote"]["accuracy"]["cluster"]
        return high - low

    first = repeat("one", wrong=range(2), rival_wrong=range(4, 9))
    again = repeat("again", wrong=range(2), rival_wrong=range(4, 9))
    elsewhere = repeat("elsewhere", wrong=range(2), rival_wrong=range(4, 9), offset=7)
    assert width(first, elsewhere) < 0.85 * width(first, again)


def test_drugs_that_two_runs_share_are_drawn_together_though_another_differs() -> None:
    def renamed(run: Repeat) -> Repeat:
        one = pl.col("drug_a", "pair_id").str.replace("DB10000", "DB70000")
        return Repeat(
            type(run.run)(
                run.run.name, run.run.facts, run.run.final_layer, run.run.answers.with_columns(one)
            ),
            run.baselines.with_columns(pl.col("pair_id").str.replace("DB10000", "DB70000")),
        )

    def bounds_of(*repeats: Repeat) -> list[float]:
        return pooled(*repeats)["differences"]["stack"]["neighbour vote"]["accuracy"]["cluster"]

    first = repeat("one", wrong=range(2), rival_wrong=range(4, 9))
    low, high = bounds_of(first, repeat("again", wrong=range(2), rival_wrong=range(4, 9)))
    nearly = bounds_of(first, renamed(repeat("nearly", wrong=range(2), rival_wrong=range(4, 9))))
    assert nearly[1] - nearly[0] > 0.9 * (high - low)


def test_the_raw_models_mirror_consistency_is_averaged_too() -> None:
    one, two = repeat("one", wrong=(), rival_wrong=()), repeat("two", wrong=(), rival_wrong=(), offset=7)
    unsteady = finished("two", wrong=(), flipped=(0, 1, 2))
    found = pooled(one, Repeat(unsteady, two.baselines))
    assert found["systems"]["greedy"]["mfs"]["values"] == [1.0, 0.75]


def test_one_run_is_no_repeat() -> None:
    with pytest.raises(InputError, match="no spread"):
        pooled(repeat("one", wrong=(), rival_wrong=()))


def test_bounds_and_winner_by_hand() -> None:
    assert bounds(np.array([np.nan, *np.arange(101.0)])) == [2.5, 97.5]
    assert [winner(each) for each in ([0.1, 0.2], [-0.2, -0.1], [-0.1, 0.1], "unscored")] == [
        "left",
        "right",
        "none",
        "none",
    ]
