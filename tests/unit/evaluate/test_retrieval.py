from __future__ import annotations

import numpy as np
import pytest

from mard.evaluate.retrieval import channels, training_neighbours
from mard.schema import Protocol
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=14, pairs=60)
INDEX = WORLD.index(warm=WORLD.labels, drug_cold=WORLD.labels, pair_cold=WORLD.labels)


class Spy:
    """Records what an index is asked."""

    def __init__(self) -> None:
        self.avoided: list[frozenset[str]] = []

    def query(self, universe: str, a: str, b: str, k: int, *, avoid: frozenset[str]) -> list[object]:
        self.avoided.append(avoid)
        return list(INDEX.query(universe, a, b, k, avoid=avoid))


@pytest.mark.parametrize(
    ("protocol", "hidden"), [(Protocol.WARM, 0), (Protocol.DRUG_COLD, 1), (Protocol.PAIR_COLD, 2)]
)
def test_neighbours_of_training_pairs_imitate_the_protocol(protocol: Protocol, hidden: int) -> None:
    spy = Spy()
    training_neighbours(spy, protocol, WORLD.labels, 3, seed=0)  # type: ignore[arg-type]
    pairs = WORLD.labels.select("drug_a", "drug_b").iter_rows()
    assert all(
        len(avoid) == hidden and avoid <= {*pair} for avoid, pair in zip(spy.avoided, pairs, strict=True)
    )
    if protocol is Protocol.DRUG_COLD:
        sides = {next(iter(avoid)) == a for avoid, a in zip(spy.avoided, WORLD.labels["drug_a"], strict=True)}
        assert sides == {True, False}  # sometimes the one drug is hidden, sometimes the other


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
