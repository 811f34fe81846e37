from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.split.draw import (
    TEST,
    TRAIN,
    VAL,
    _splitmix,
    capped,
    drug_keys,
    pair_keys,
    stratified_parts,
    stratified_sample,
)

STRATA = st.lists(st.integers(0, 4), min_size=1, max_size=200).map(np.array)


def keys(strata, seed=1):
    return drug_keys(np.arange(len(strata), dtype=np.uint64), seed)


def test_splitmix64_gives_its_published_first_outputs():
    # the generator seeded with 1234567: state advances by the golden constant, then is mixed
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + step * golden) % 2**64 for step in range(3)], dtype=np.uint64)
    assert _splitmix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_keys_depend_on_seed_and_on_both_drugs():
    ones, twos = np.full(3, 1, dtype=np.uint64), np.arange(2, 5, dtype=np.uint64)
    assert len({*pair_keys(ones, twos, 1).tolist(), *pair_keys(ones, twos, 2).tolist()}) == 6


def test_parts_of_a_stratum_are_cut_at_rounded_counts():
    # of 10 items 0.1 * 10 = 1 each; of 25 2.5 rounds up to 3; of 3 at least one each; 2 are all train
    strata = np.repeat([0, 1, 2, 3], [10, 25, 3, 2])
    parts = stratified_parts(strata, keys(strata), 0.1, 0.1)
    counts = {s: [int(((strata == s) & (parts == p)).sum()) for p in (TRAIN, VAL, TEST)] for s in range(4)}
    assert counts == {0: [8, 1, 1], 1: [19, 3, 3], 2: [1, 1, 1], 3: [2, 0, 0]}


@given(STRATA, st.randoms())
def test_an_items_part_does_not_depend_on_the_order_of_rows(strata, random):
    own = keys(strata)
    order = list(range(len(strata)))
    random.shuffle(order)
    parts = stratified_parts(strata, own, 0.1, 0.2)
    assert (stratified_parts(strata[order], own[order], 0.1, 0.2) == parts[order]).all()


def test_a_sample_is_shared_out_by_largest_remainder_after_one_each():
    # sizes 70, 20, 10 and 10 wanted: one each leaves 7 for room 69, 19, 9 of 97:
    # 4.98, 1.37, 0.65 -> 4, 1, 0 and the two largest remainders .98, .65 -> 5, 1, 1 -> 6, 2, 2
    strata = np.repeat([0, 1, 2], [70, 20, 10])
    chosen = stratified_sample(strata, keys(strata), 10)
    assert np.bincount(strata[chosen]).tolist() == [6, 2, 2]


@given(STRATA, st.integers(0, 250))
def test_a_sample_has_the_wanted_size_and_reaches_every_stratum(strata, count):
    chosen = stratified_sample(strata, keys(strata), count)
    assert chosen.sum() == min(count, len(strata))
    if count >= len(set(strata.tolist())):
        assert set(strata[chosen].tolist()) == set(strata.tolist())


@pytest.mark.parametrize("cap", [0, 1, 3, 100])
def test_a_cap_limits_each_stratum(cap):
    strata = np.repeat([0, 1], [5, 2])
    chosen = capped(strata, keys(strata), cap)
    assert np.bincount(strata[chosen], minlength=2).tolist() == [min(cap, 5), min(cap, 2)]
