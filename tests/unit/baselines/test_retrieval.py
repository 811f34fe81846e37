from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from mard.baselines.retrieval import channels, hidden_drugs, neighbours
from mard.schema import Protocol
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=14, pairs=60)
INDEX = WORLD.index(warm=WORLD.labels, drug_cold=WORLD.labels, pair_cold=WORLD.labels)


def test_a_training_pair_hides_as_many_drugs_as_a_held_out_pair_lacks() -> None:
    assert not hidden_drugs(Protocol.WARM, 60, seed=0).any()
    assert hidden_drugs(Protocol.PAIR_COLD, 60, seed=0).all()
    one = hidden_drugs(Protocol.DRUG_COLD, 60, seed=0)
    assert one.sum(axis=1).tolist() == [1] * 60
    assert 15 < one[:, 0].sum() < 45  # sometimes the one drug is hidden, sometimes the other


@pytest.mark.parametrize("protocol", Protocol)
def test_neighbours_of_training_pairs_are_those_of_single_queries(protocol: Protocol) -> None:
    hidden = hidden_drugs(protocol, WORLD.labels.height, seed=3)
    found = neighbours(INDEX, protocol, WORLD.labels, 4, hidden)
    rows = []
    for place, (pair_id, a, b) in enumerate(WORLD.labels.select("pair_id", "drug_a", "drug_b").iter_rows()):
        own = {drug for drug, gone in zip((a, b), hidden[place], strict=True) if gone}
        for rank, one in enumerate(INDEX.query(protocol, a, b, 4, avoid=frozenset(own))):
            rows.append((pair_id, rank, one.similarity, *map(str, astuple(one.label))))
    assert found.rows() == rows


def test_a_pair_never_sees_itself() -> None:
    # with a planted twin of its own label the best neighbour would be the pair itself, at similarity 1
    found = neighbours(INDEX, Protocol.WARM, WORLD.labels, 60)
    assert found.group_by("pair_id").len()["len"].unique().to_list() == [59]


def test_channels_lie_in_the_unit_interval_and_unknown_drugs_have_none() -> None:
    values = channels(INDEX, WORLD.labels)
    assert values.shape == (60, 4)
    assert values.min() >= 0
    assert values.max() <= 1
    unknown = WORLD.labels.head(1).with_columns(drug_a=np.array(["DB00001"]))
    assert channels(INDEX, unknown).tolist() == [[0.0] * 4]
