from __future__ import annotations

import polars as pl
import pytest

from mard.baselines.plurality import elect, neighbour_ballots, train_ballots

NEIGHBOURS = pl.DataFrame(
    [
        ("q", 0, 0.9, "Efficacy", "e", "a_to_b", "up"),
        ("q", 1, 0.5, "PD_Activity", "x", "a_to_b", "up"),
        ("q", 2, 0.3, "PD_Activity", "y", "b_to_a", "up"),
        ("q", 3, 0.25, "PD_Activity", "y", "b_to_a", "down"),
        ("r", 0, 0.0, "Efficacy", "e", "a_to_b", "up"),
        ("r", 1, 0.0, "AdverseRisk", "r", "bidirectional", "up"),
    ],
    schema=["pair_id", "rank", "similarity", "family", "subtype", "direction", "polarity"],
    orient="row",
)


def test_the_family_is_voted_first_and_the_rest_within_it() -> None:
    winner = elect(neighbour_ballots(NEIGHBOURS), ["pair_id"]).row(0, named=True)
    # PD_Activity 0.5 + 0.3 + 0.25 = 1.05 beats Efficacy 0.9; in it y 0.55 beats x 0.5; in y up beats down
    assert [winner[name] for name in ("family", "subtype", "direction", "polarity")] == [
        "PD_Activity",
        "y",
        "b_to_a",
        "up",
    ]
    assert winner["share"] == pytest.approx(1.05 / 1.95, abs=1e-6)


def test_neighbours_without_similarity_still_vote_and_the_nearer_one_wins() -> None:
    assert elect(neighbour_ballots(NEIGHBOURS), ["pair_id"]).row(1, named=True)["family"] == "Efficacy"


def test_a_tie_goes_to_the_name_that_comes_first() -> None:
    ballots = pl.DataFrame({"family": ["b", "a"], "weight": [1.0, 1.0], "group": ["g", "g"]})
    assert elect(ballots, ["group"], ["family"]).row(0) == ("g", "a", 0.5)


def test_the_most_common_label_within_a_family() -> None:
    modes = elect(train_ballots(NEIGHBOURS), ["family"], ["subtype", "direction"])
    assert modes.filter(pl.col("family") == "PD_Activity").row(0) == (
        "PD_Activity",
        "y",
        "b_to_a",
        pytest.approx(2 / 3),
    )
