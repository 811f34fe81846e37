from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.baselines.arrays import LEVELS
from mard.baselines.plurality import elect, neighbour_ballots
from mard.mirror import mirror
from mard.retrieve.vote import Ballots
from mard.schema import Direction, Family, Label, Polarity

DOWN = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)
UP = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.UP)
BLEEDING = Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP)
SEDATION = Label(Family.ADVERSE_RISK, "sedation", Direction.B_TO_A, Polarity.UP)
LABELS = (DOWN, UP, BLEEDING, SEDATION)
BALLOTS = Ballots.of(LABELS)


def vote(*neighbours: tuple[int, bool, float], ballots: Ballots = BALLOTS) -> tuple[tuple[str, ...], float]:
    """The winning names and the share of one query; neighbours are (code, mirrored, similarity)."""
    codes, mirrored, similarity = zip(*neighbours, strict=True)
    votes = ballots.vote(
        np.array([codes], dtype=np.int32),
        np.array([mirrored]),
        np.array([similarity], dtype=np.float32),
    )
    names = tuple(own[place] for own, place in zip(ballots.names, votes.winners[0], strict=True))
    return names, float(votes.share[0])


def test_the_heavier_family_wins_and_then_the_heavier_subtype_within_it():
    # PK .5 against AdverseRisk .25 + .375 = .625 of 1.125; within it sedation .375 beats bleeding .25
    names, share = vote((0, False, 0.5), (3, False, 0.375), (2, False, 0.25))
    assert names == ("AdverseRisk", "sedation", "b_to_a", "up")
    assert share == pytest.approx(0.625 / 1.125, abs=1e-6)


def test_a_mirrored_neighbour_votes_for_the_flipped_direction():
    assert vote((0, True, 0.5))[0] == ("PK_Metabolism", "metabolism", "b_to_a", "down")
    assert vote((2, True, 0.5))[0] == ("AdverseRisk", "bleeding", "bidirectional", "up")


def test_equal_neighbours_are_settled_by_rank_and_strangers_vote_too():
    assert vote((0, False, 0.5), (2, False, 0.5))[0][0] == "PK_Metabolism"
    names, share = vote((2, False, 0.0), (0, False, 0.0))
    assert names[0] == "AdverseRisk"
    assert share == pytest.approx(2 / 3, abs=1e-6)  # ranks weigh 2e-9 and 1e-9


def test_a_missing_neighbour_does_not_vote_and_none_at_all_is_nobody():
    assert vote((2, False, 0.1), (-1, False, 0.0)) == (
        ("AdverseRisk", "bleeding", "bidirectional", "up"),
        1.0,
    )
    nobody = BALLOTS.vote(np.array([[-1]], dtype=np.int32), np.array([[False]]), np.zeros((1, 1), np.float32))
    assert nobody.winners.tolist() == [[-1, -1, -1, -1]]
    assert nobody.share.tolist() == [0.0]


CHOICES = st.tuples(st.integers(0, len(LABELS) - 1), st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 0.7]))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda k: st.lists(st.lists(CHOICES, min_size=k, max_size=k), min_size=1, max_size=8)
    )
)
def test_it_is_the_election_that_the_baseline_holds(queries: list[list[tuple[int, bool, float]]]):
    codes, mirrored, similarity = (
        np.array(own) for own in zip(*(zip(*own, strict=True) for own in queries), strict=True)
    )
    votes = BALLOTS.vote(codes.astype(np.int32), mirrored, similarity.astype(np.float32))
    rows = [
        (str(query), rank, float(np.float32(likeness)), *_names(LABELS[code], turned))
        for query, own in enumerate(queries)
        for rank, (code, turned, likeness) in enumerate(own)
    ]
    columns = {
        "pair_id": pl.String,
        "rank": pl.Int64,
        "similarity": pl.Float64,
        **dict.fromkeys(LEVELS, pl.String),
    }
    expected = elect(neighbour_ballots(pl.DataFrame(rows, schema=columns, orient="row")), ["pair_id"])
    assert [
        tuple(own[place] for own, place in zip(BALLOTS.names, row, strict=True)) for row in votes.winners
    ] == (expected.select(LEVELS).rows())
    assert votes.share == pytest.approx(expected["share"].to_numpy(), abs=2e-6)


def _names(label: Label, turned: bool) -> tuple[str, ...]:
    shown = mirror(label) if turned else label
    return (str(shown.family), shown.subtype, str(shown.direction), str(shown.polarity))
