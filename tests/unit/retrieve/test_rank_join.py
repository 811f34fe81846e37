from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.retrieve.rank_join import Found, Membership, Ranking, _Best, _Query, _scan, _walk, rank_join

QUERIES = 40


@dataclass(frozen=True)
class World:
    """Likeness of n drugs and g guests, training pairs, and questions about both."""

    similarity: np.ndarray
    guests: np.ndarray
    pairs: np.ndarray
    a: np.ndarray
    b: np.ndarray
    avoid: np.ndarray

    def ask(self, k: int, threads: int = 1) -> Found:
        members = Membership.of(self.pairs, len(self.similarity))
        rankings = Ranking.of(self.similarity), Ranking.of(self.guests)
        return rank_join(*rankings, members, self.a, self.b, self.avoid, k, threads)


def random_world(
    seed: int, drugs: int, levels: int, featureless: float, density: float, avoided: int
) -> World:
    """Few ``levels`` of likeness make many ties; a share of the drugs is like no other."""
    draw = np.random.default_rng(seed)
    values = draw.integers(0, levels + 1, (drugs + 3, drugs)).astype(np.float32) / np.float32(levels)
    similarity, guests = np.maximum(values[:drugs], values[:drugs].T), values[drugs:]
    bare = draw.random(drugs) < featureless
    similarity[bare], similarity[:, bare], guests[:, bare], guests[0] = 0, 0, 0, 0
    every = np.column_stack(np.triu_indices(drugs, k=1)).astype(np.int32)
    pairs = every[draw.random(len(every)) < density]
    a, b = np.sort(draw.integers(0, drugs + 3, (2, QUERIES)).astype(np.int32), axis=0)
    avoid = draw.integers(-1, drugs + 3, (QUERIES, avoided)).astype(np.int32)
    if avoided == 2:  # a cold query avoids its own drugs
        avoid[::2] = np.column_stack([a, b])[::2]
    return World(similarity, guests, pairs, a[a != b], b[a != b], avoid[a != b])


def brute_force(world: World, query: int, k: int) -> list[tuple[int, float, bool]]:
    """Number, score and turn of the best pairs, from all scores."""
    rows = np.concatenate([world.similarity, world.guests])
    a, b, (c, d) = int(world.a[query]), int(world.b[query]), world.pairs.T
    straight, crossed = rows[a][c] + rows[b][d], rows[a][d] + rows[b][c]
    scores = np.maximum(straight, crossed) / np.float32(2)
    hidden = (c == a) & (d == b) | np.isin(world.pairs, world.avoid[query]).any(axis=1)
    allowed = np.flatnonzero(~hidden)
    best = allowed[np.argsort(-scores[allowed], kind="stable")][:k]
    drugs_crossed = (d == a).astype(int) + (c == b) - (c == a) - (d == b)
    turned = (crossed > straight) | ((crossed == straight) & (drugs_crossed > 0))
    return [(int(number), float(scores[number]), bool(turned[number])) for number in best]


def shown(found: Found, query: int) -> list[tuple[int, float, bool]]:
    columns = (array[query].tolist() for array in found)
    return [row for row in zip(*columns, strict=True) if row[0] >= 0]


WORLDS = st.builds(
    random_world,
    seed=st.integers(0, 1_000_000),
    drugs=st.integers(2, 30),
    levels=st.sampled_from([1, 2, 3, 10, 1000]),
    featureless=st.sampled_from([0.0, 0.2, 0.7, 1.0]),
    density=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    avoided=st.integers(0, 2),
)


@settings(max_examples=200, deadline=None)
@given(WORLDS, st.sampled_from([1, 2, 5, 10, 500]))
def test_pairs_order_scores_and_turns_are_those_of_scoring_every_pair(world, k):
    found = world.ask(k)
    for query in range(len(world.a)):
        assert shown(found, query) == brute_force(world, query, k)


@settings(max_examples=30, deadline=None)
@given(WORLDS)
def test_the_way_out_of_a_long_walk_scores_every_pair(world):
    members, rows = Membership.of(world.pairs, len(world.similarity)), [world.similarity, world.guests]
    similarity, order, n = *Ranking.of(np.concatenate(rows)), len(world.similarity)
    kept = min(5, len(world.pairs))
    for query, (a, b) in enumerate(zip(world.a.tolist(), world.b.tolist(), strict=True)):
        asked = _Query(similarity[a], order[a], similarity[b], order[b], a, b, world.avoid[query])
        best = _Best(np.full(kept, -1, np.float32), np.zeros(kept, np.int64))
        if kept:
            _scan(asked, members, best)
        numbers = [n * int(c) + int(d) for c, d in world.pairs]
        found = [
            (numbers.index(key), total / 2)
            for total, key in zip(best.sums.tolist(), best.keys.tolist(), strict=True)
            if total >= 0
        ]
        assert found == [(number, score) for number, score, _ in brute_force(world, query, 5)]


def test_a_walk_ends_when_its_budget_is_spent():
    world = random_world(1, drugs=30, levels=1, featureless=0, density=1, avoided=0)
    members, (similarity, order) = Membership.of(world.pairs, 30), Ranking.of(world.similarity)
    asked = _Query(similarity[0], order[0], similarity[1], order[1], 0, 1, world.avoid[0])
    best = _Best(np.full(5, -1, np.float32), np.zeros(5, np.int64))
    assert not _walk(asked, members, best, 3)
    assert _walk(asked, members, best, 100_000)


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads):
    world = random_world(5, drugs=30, levels=3, featureless=0.2, density=0.5, avoided=1)
    for one, other in zip(world.ask(10), world.ask(10, threads), strict=True):
        assert np.array_equal(one, other)


def test_no_queries_and_no_pairs_find_nothing():
    world = random_world(5, drugs=6, levels=3, featureless=0, density=0, avoided=1)
    assert (world.ask(4).numbers == -1).all()
    nobody = np.empty(0, np.int32)
    empty = World(world.similarity, world.guests, world.pairs, nobody, nobody, world.avoid[:0])
    assert empty.ask(4, threads=2).numbers.shape == (0, 4)


def test_a_ranking_falls_and_ties_go_to_the_lesser_row():
    ranking = Ranking.of(np.array([[0.25, 0.5, 0.0, 0.5, 0.0, 1.0]], dtype=np.float32))
    assert ranking.order.tolist() == [[5, 1, 3, 0, 2, 4]]
    assert ranking.order.dtype == np.uint16


def test_rows_that_need_more_than_two_bytes_are_ranked_too():
    wide = np.zeros((1, (1 << 16) + 1), dtype=np.float32)
    wide[0, -1] = 1
    assert Ranking.of(wide).order[0, :2].tolist() == [1 << 16, 0]
