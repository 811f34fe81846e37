from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from mard.baselines.retrieval import channels, training_neighbours
from mard.schema import Protocol
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=14, pairs=60)
INDEX = WORLD.index(warm=WORLD.labels, drug_cold=WORLD.labels, pair_cold=WORLD.labels)


class Spy:
    """Records what an index is asked."""

    def __init__(self) -> None:
        self.avoided = np.empty((0, 0), dtype=np.int32)

    def __getattr__(self, name: str) -> Any:
        return getattr(INDEX, name)

    def query_many(self, *args: Any, avoid: np.ndarray) -> Any:
        self.avoided = avoid
        return INDEX.query_many(*args, avoid=avoid)


@pytest.mark.parametrize(
    ("protocol", "hidden"), [(Protocol.WARM, 0), (Protocol.DRUG_COLD, 1), (Protocol.PAIR_COLD, 2)]
)
def test_neighbours_of_training_pairs_imitate_the_protocol(protocol: Protocol, hidden: int) -> None:
    spy = Spy()
    training_neighbours(spy, protocol, WORLD.labels, 3, seed=0)  # type: ignore[arg-type]
    place = INDEX.roster([]).place
    pairs = [(place[a], place[b]) for a, b in WORLD.labels.select("drug_a", "drug_b").iter_rows()]
    assert spy.avoided.shape == (len(pairs), hidden)
    assert all({*avoid} <= {*pair} for avoid, pair in zip(spy.avoided.tolist(), pairs, strict=True))
    if protocol is Protocol.DRUG_COLD:
        sides = {avoid == a for (avoid,), (a, _) in zip(spy.avoided.tolist(), pairs, strict=True)}
        assert sides == {True, False}  # sometimes the one drug is hidden, sometimes the other
    if protocol is Protocol.PAIR_COLD:
        assert spy.avoided.tolist() == [[*pair] for pair in pairs]


@pytest.mark.parametrize("protocol", Protocol)
def test_neighbours_of_training_pairs_are_those_of_single_queries(protocol: Protocol) -> None:
    found = training_neighbours(INDEX, protocol, WORLD.labels, 4, seed=3)
    hide_first = np.random.default_rng(3).random(WORLD.labels.height) < 0.5
    rows = []
    for place, (pair_id, a, b) in enumerate(WORLD.labels.select("pair_id", "drug_a", "drug_b").iter_rows()):
        own = {"warm": set(), "drug_cold": {a if hide_first[place] else b}, "pair_cold": {a, b}}[protocol]
        for rank, one in enumerate(INDEX.query(protocol, a, b, 4, avoid=frozenset(own))):
            rows.append((pair_id, rank, one.similarity, *map(str, astuple(one.label))))
    assert found.rows() == rows


def test_a_pair_never_sees_itself() -> None:
    # with a planted twin of its own label the best neighbour would be the pair itself, at similarity 1
    found = training_neighbours(INDEX, Protocol.WARM, WORLD.labels, 60, seed=0)
    assert found.group_by("pair_id").len()["len"].unique().to_list() == [59]


def test_channels_lie_in_the_unit_interval_and_unknown_drugs_have_none() -> None:
    values = channels(INDEX, WORLD.labels)
    assert values.shape == (60, 4)
    assert values.min() >= 0
    assert values.max() <= 1
    unknown = WORLD.labels.head(1).with_columns(drug_a=np.array(["DB00001"]))
    assert channels(INDEX, unknown).tolist() == [[0.0] * 4]
