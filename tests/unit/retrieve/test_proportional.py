from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.baselines.propagation import Propagation
from mard.mirror import mirror
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.proportional import Electorate, family_weights, highest_averages, proportional
from mard.retrieve.rank_join import NOTHING, Membership, Ranking, rank_join
from mard.schema import Direction, Family, Label, Polarity
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, drug, features, labelled
from tests.unit.retrieve.test_rank_join import World, random_world

FAMILIES = 3


def electorate(world: World, seed: int) -> tuple[Electorate, np.ndarray]:
    codes = np.random.default_rng(seed).integers(0, FAMILIES, len(world.pairs))
    return Electorate.of(Membership.of(world.pairs, len(world.similarity)), codes, FAMILIES), codes


def asked(world: World, own: Electorate, k: int, sharpness: float, threads: int = 1):
    rankings = Ranking.of(world.similarity), Ranking.of(world.guests)
    questions = world.a, world.b, world.avoid
    weights = family_weights(*rankings, own, *questions, sharpness, threads)
    return weights, proportional(*rankings, own, *questions, k, sharpness, threads)


def test_highest_averages_by_hand():
    # 60, 28, 12: 60, 30, 28, 20, 15, 14 -> 0 0 1 0 0 1; the third never has a place among six
    order = highest_averages(np.array([[60.0, 28.0, 12.0]]), np.full((1, 3), 9), 6)
    assert order.tolist() == [[0, 0, 1, 0, 0, 1]]


def test_a_family_has_no_more_places_than_pairs_and_none_without_weight():
    order = highest_averages(np.array([[60.0, 28.0, 0.0]]), np.array([[1, 2, 9]]), 5)
    assert order.tolist() == [[0, 1, 1, NOTHING, NOTHING]]


def test_places_for_fewer_neighbours_are_the_first_of_those_for_more():
    weights = np.random.default_rng(1).random((50, 7))
    supply = np.full((50, 7), 20)
    assert (highest_averages(weights, supply, 20)[:, :8] == highest_averages(weights, supply, 8)).all()


def test_weights_by_hand():
    # drugs 0 to 3 and pairs (0,1) of family 0, (2,3) of family 1; the query is (0, 2)
    similarity = np.array(
        [[1.0, 0.5, 0.25, 0.0], [0.5, 1.0, 0.0, 0.5], [0.25, 0.0, 1.0, 0.5], [0.0, 0.5, 0.5, 1.0]], np.float32
    )
    pairs = np.array([[0, 1], [2, 3]], np.int32)
    own = Electorate.of(Membership.of(pairs, 4), np.array([0, 1]), 2)
    ranking, nobody = Ranking.of(similarity), Ranking.of(np.empty((0, 4), np.float32))
    a, b, none = np.array([0], np.int32), np.array([2], np.int32), np.full((1, 2), -1, np.int32)
    # sharpness 2: (0,1) says k(0,0) k(2,1) + k(0,1) k(2,0) = 1 * 0 + 1/4 * 1/16,
    # (2,3) says k(0,2) k(2,3) + k(0,3) k(2,2) = 1/16 * 1/4 + 0
    weights = family_weights(ranking, nobody, own, a, b, none, 2.0)
    assert weights == pytest.approx(np.array([[1 / 64, 1 / 64]]))
    without_1 = family_weights(ranking, nobody, own, a, b, np.array([[1, -1]], np.int32), 2.0)
    assert without_1 == pytest.approx(np.array([[0.0, 1 / 64]]))


@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([0, 1, 2]))
@settings(max_examples=40)
def test_weights_and_lists_are_those_of_scoring_every_pair(seed, k, avoided):
    world = random_world(seed, 12, 4, 0.2, 0.5, avoided)
    own, codes = electorate(world, seed)
    weights, found = asked(world, own, k, 2.0)
    rows = np.concatenate([world.similarity, world.guests]).astype(np.float64) ** 2
    c, d = world.pairs.T
    for query, (a, b, avoid) in enumerate(zip(world.a, world.b, world.avoid, strict=True)):
        allowed = ~((c == a) & (d == b)) & ~np.isin(world.pairs, avoid).any(axis=1)
        votes = np.where(allowed, rows[a][c] * rows[b][d] + rows[a][d] * rows[b][c], 0.0)
        assert weights[query] == pytest.approx(np.bincount(codes, votes, FAMILIES))
        shown = found.numbers[query][found.numbers[query] != NOTHING]
        assert allowed[shown].all()
        assert len(set(shown)) == len(shown)
        assert len(shown) == min(k, allowed.sum())
        supply = np.minimum(np.bincount(codes[allowed], minlength=FAMILIES), k)
        places = highest_averages(weights[[query]], supply[None], k)[0]
        spoken = (places != NOTHING).sum()
        assert codes[shown[:spoken]].tolist() == places[:spoken].tolist()
        for code in range(FAMILIES):  # each family shows its nearest
            scores = found.scores[query][:spoken][codes[shown[:spoken]] == code]
            straight = world_scores(world, a, b)[allowed & (codes == code)]
            assert scores.tolist() == np.sort(straight)[::-1][: len(scores)].tolist()


def world_scores(world: World, a: int, b: int) -> np.ndarray:
    rows, (c, d) = np.concatenate([world.similarity, world.guests]), world.pairs.T
    return np.maximum(rows[a][c] + rows[b][d], rows[a][d] + rows[b][c]) / np.float32(2)


def test_equal_sums_are_equal_in_any_order_of_their_terms():
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one > other
    assert highest_averages(np.array([[other, one]]), np.full((1, 2), 9), 1).tolist() == [[0]]


def test_places_that_no_voice_fills_go_to_the_nearest_that_are_left():
    # like (0, 1) are only drugs 0 and 1 themselves: (0, 2) of family 0 and (2, 3) of family 1 have no voice
    similarity = np.array([[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], np.float32)
    pairs = np.array([[0, 2], [1, 3], [2, 3]], np.int32)
    own = Electorate.of(Membership.of(pairs, 4), np.array([0, 1, 1]), 2)
    ranking, nobody = Ranking.of(similarity), Ranking.of(np.empty((0, 4), np.float32))
    a, b = np.array([0, 0], np.int32), np.array([1, 3], np.int32)
    found = proportional(ranking, nobody, own, a, b, np.empty((2, 0), np.int32), 5, 2.0)
    nearest = rank_join(ranking, nobody, own.members, a, b, np.empty((2, 0), np.int32), 5)
    assert found.numbers[0].tolist() == nearest.numbers[0].tolist() == [0, 1, 2, NOTHING, NOTHING]
    # (0, 3) hears (0, 2) and, through the likeness of 0 and 1, (1, 3); (2, 3) comes last
    assert found.numbers[1].tolist() == [0, 1, 2, NOTHING, NOTHING]
    assert found.scores[1].tolist() == [1.0, 0.75, 0.5, 0.0, 0.0]


def test_threads_change_nothing():
    world = random_world(3, 20, 4, 0.2, 0.5, 1)
    own, _ = electorate(world, 3)
    for one, many in zip(asked(world, own, 5, 4.0)[1], asked(world, own, 5, 4.0, threads=3)[1], strict=True):
        assert (one == many).all()


@pytest.fixture
def index() -> NeighbourIndex:
    """One bleeding pair is nearest to (1, 5); three pairs of metabolism, each a little farther."""
    drugs = features(
        drug(1, bits=[0, 1, 2, 3]),
        drug(2, bits=[0, 1, 2, 3]),
        *(drug(number, bits=[0, 1, 2]) for number in (3, 4, 8)),
        drug(5, bits=[9]),
        drug(6, bits=[9]),
        drug(7, bits=[30]),
    )
    slow = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)
    bleeding = Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP)
    pairs = [
        (drug_id(2), drug_id(6), bleeding),
        *((drug_id(number), drug_id(6), slow) for number in (3, 4)),
        (drug_id(6), drug_id(8), Label(slow.family, slow.subtype, Direction.B_TO_A, slow.polarity)),
    ]
    return NeighbourIndex.build(drugs, EVEN, {"warm": labelled(pairs)})


def test_the_first_neighbour_is_of_the_family_that_most_speaks_for(index):
    a, b = drug_id(1), drug_id(5)
    (nearest,) = index.query("warm", a, b, 1)
    assert nearest.label.family is Family.ADVERSE_RISK
    first, second, third, *rest = index.query("warm", a, b, 8, sharpness=1.0)
    assert [first.label.family, first.first] == [Family.PK_METABOLISM, drug_id(3)]
    assert {second.label.family, third.label.family} == {Family.PK_METABOLISM, Family.ADVERSE_RISK}
    assert len(rest) == 1
    assert all(each.label.direction is not Direction.B_TO_A for each in (first, second, third, *rest))
    (sharp,) = index.query("warm", a, b, 1, sharpness=16.0)
    assert sharp.label.family is Family.ADVERSE_RISK


def test_the_flipped_query_gets_the_mirrored_list(index):
    straight = index.query("warm", drug_id(1), drug_id(5), 3, sharpness=2.0)
    assert index.query("warm", drug_id(5), drug_id(1), 3, sharpness=2.0) == [*map(mirror, straight)]


def test_a_query_that_nothing_speaks_for_gets_the_nearest_pairs(index):
    assert index.query("warm", drug_id(7), "DB88888", 2, sharpness=2.0) == index.query(
        "warm", drug_id(7), "DB88888", 2
    )


def test_the_vote_is_that_of_kernel_propagation(index):
    """The baseline computes the same sums by matrices, direction by direction."""
    train = labelled(
        [
            (
                drug_id(2),
                drug_id(6),
                Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP),
            ),
            (
                drug_id(3),
                drug_id(6),
                Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN),
            ),
            (
                drug_id(4),
                drug_id(6),
                Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN),
            ),
        ]
    )
    queries = pl.DataFrame({"drug_a": [drug_id(1)], "drug_b": [drug_id(5)]})
    small = NeighbourIndex.build(index.features, EVEN, {"warm": train})
    votes = Propagation.of(small, train, queries, 3.0).votes(queries, np.zeros((1, 2), dtype=bool))
    roster = small.roster([drug_id(1), drug_id(5)])
    a, b = (roster.rows(queries[side]) for side in ("drug_a", "drug_b"))
    codes = np.array(
        [tuple(Family).index(small.labels[code].family) for code in small.universes["warm"].labels]
    )
    own = Electorate.of(small.universes["warm"].members, codes, len(Family))
    weights = family_weights(small.ranking, roster.guests, own, a, b, np.empty((1, 0), np.int32), 3.0)
    assert weights / weights.sum() == pytest.approx(votes.symmetric[:, : len(Family)])
