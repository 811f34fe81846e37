from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.lm.schedule import schedule


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=60),
    st.sampled_from([0.3, 1.0, 2.5]),
    st.integers(1, 9),
)
def test_every_batch_is_full_and_every_example_has_its_turns(
    lengths: list[int], epochs: float, batch: int
) -> None:
    order = schedule(lengths, epochs=epochs, batch=batch, seed=1)
    wanted = epochs * len(lengths)
    assert len(order) % batch == 0
    assert wanted <= len(order) + 1e-9 < wanted + batch + 1e-6
    turns = Counter(order)
    assert max(turns.values()) - min(turns[index] for index in range(len(lengths))) <= 1


def test_seeds_decide_the_order() -> None:
    lengths = list(range(40))
    assert schedule(lengths, epochs=1, batch=4, seed=1) == schedule(lengths, epochs=1, batch=4, seed=1)
    assert schedule(lengths, epochs=1, batch=4, seed=1) != schedule(lengths, epochs=1, batch=4, seed=2)


def test_a_batch_holds_examples_of_like_length() -> None:
    lengths = [index * 10 for index in range(64)]
    order = schedule(lengths, epochs=1, batch=8, seed=3)
    for start in range(0, 64, 8):
        batch = [lengths[index] for index in order[start : start + 8]]
        assert max(batch) - min(batch) == 70  # eight consecutive lengths
    first = [lengths[order[start]] // 80 for start in range(0, 64, 8)]
    assert first != sorted(first)  # but the batches themselves come in random order


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        schedule([], epochs=1, batch=4, seed=0)
