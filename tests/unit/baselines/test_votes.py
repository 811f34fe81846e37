from __future__ import annotations

import polars as pl
import pytest

from mard.baselines.arrays import FAMILIES, LEVELS
from mard.baselines.retrieval import NEIGHBOUR_COLUMNS
from mard.baselines.votes import majority, neighbour_vote

TRAIN = pl.DataFrame(
    [
        ("p0", "PK_Metabolism", "metabolism", "a_to_b", "down"),
        ("p1", "PK_Metabolism", "metabolism", "b_to_a", "down"),
        ("p2", "PK_Metabolism", "metabolism", "b_to_a", "up"),
        ("p3", "AdverseRisk", "bleeding", "bidirectional", "up"),
    ],
    schema=["pair_id", *LEVELS],
    orient="row",
)


def _queries(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"pair_id": list(names)})


def _neighbours(*rows: tuple[str, int, float, str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=NEIGHBOUR_COLUMNS, orient="row")


def test_the_majority_is_decided_level_by_level() -> None:
    answer = majority(TRAIN, _queries("q", "r"))
    # metabolism 3 of 4; within it b_to_a 2 of 3; within that down and up tie, down comes first
    assert answer.select("pair_id", *LEVELS, "p_PK_Metabolism", "p_AdverseRisk", "margin").rows() == [
        ("q", "PK_Metabolism", "metabolism", "b_to_a", "down", 0.75, 0.25, 0.5),
        ("r", "PK_Metabolism", "metabolism", "b_to_a", "down", 0.75, 0.25, 0.5),
    ]


def test_a_query_without_neighbours_gets_the_majority() -> None:
    neighbours = _neighbours(("q", 0, 0.4, "AdverseRisk", "bleeding", "bidirectional", "up"))
    answers = neighbour_vote(TRAIN, _queries("r", "q"), neighbours)
    assert answers.select("pair_id", "family", "margin").rows() == [
        ("q", "AdverseRisk", 1.0),
        ("r", "PK_Metabolism", 0.5),
    ]


def test_probabilities_are_shares_of_the_similarity() -> None:
    neighbours = _neighbours(
        ("q", 0, 0.5, "AdverseRisk", "bleeding", "bidirectional", "up"),
        ("q", 1, 0.3, "Efficacy", "therapeutic_efficacy", "a_to_b", "down"),
        ("q", 2, 0.2, "Efficacy", "therapeutic_efficacy", "a_to_b", "down"),
    )
    answer = neighbour_vote(TRAIN, _queries("q"), neighbours).row(0, named=True)
    # 0.5 against 0.3 + 0.2: a tie, but for the rank weights that favour the nearer one by a hair
    assert [answer[f"p_{name}"] for name in FAMILIES] == pytest.approx([0.5, 0.5, 0, 0, 0, 0, 0], abs=1e-6)
    assert answer["margin"] == pytest.approx(0.0, abs=1e-6)
