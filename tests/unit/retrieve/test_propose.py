"""Proposals by faiss are decided by Eq. 9: right scores, right order, and all of it when all are proposed."""

from __future__ import annotations

import inspect
import random
import sys
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.errors import InputError
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.propose import Proposer
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, random_features

DRUGS = 14
LABEL = {"family": "PK_Metabolism", "subtype": "metabolism", "direction": "a_to_b", "polarity": "down"}


def world(seed, share=0.6):
    """An index over some pairs of random drugs, and every pair as a query, two of its drugs unknown to it."""
    features, _ = random_features(DRUGS, seed)
    draw = random.Random(seed)
    indexed = [drug_id(number) for number in range(1, DRUGS - 1)]
    pairs = [pair for pair in combinations(indexed, 2) if draw.random() < share] or [tuple(indexed[:2])]
    frame = pl.DataFrame(pairs, schema=["drug_a", "drug_b"], orient="row")
    index = NeighbourIndex.build(
        features, EVEN, {"warm": frame.with_columns(**{k: pl.lit(v) for k, v in LABEL.items()})}
    )
    asked = list(combinations([*indexed, drug_id(DRUGS), "DB99999"], 2))
    roster = index.roster({drug for pair in asked for drug in pair})
    return index, roster, *(roster.rows(pl.Series([pair[side] for pair in asked])) for side in (0, 1))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_with_all_pairs_proposed_nothing_is_missed(seed, hide):
    index, roster, a, b = world(seed)
    avoid = np.stack([a, np.full_like(a, -1)], axis=1) if hide else None
    exact = index.query_many("warm", roster, a, b, 5, avoid=avoid)
    found = Proposer.build(index, ["warm"], breadth=1_000).query_many("warm", roster, a, b, 5, avoid=avoid)
    for name in ("numbers", "scores", "crossed"):
        assert (getattr(found, name) == getattr(exact, name)).all(), name


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_few_proposals_are_scored_and_ordered_exactly(kind):
    index, roster, a, b = world(5)
    proposer = Proposer.build(index, ["warm"], breadth=1, rank=2, kind=kind)
    found = proposer.query_many("warm", roster, a, b, 3)
    exact = index.query_many("warm", roster, a, b, len(index.universes["warm"].labels))
    for q in range(len(a)):
        place = {number: rank for rank, number in enumerate(exact.numbers[q].tolist())}
        numbers = [number for number in found.numbers[q].tolist() if number >= 0]
        ranks = [place[number] for number in numbers]
        assert numbers
        assert ranks == sorted(set(ranks))
        assert found.scores[q, : len(ranks)].tolist() == exact.scores[q, ranks].tolist()
        assert found.crossed[q, : len(ranks)].tolist() == exact.crossed[q, ranks].tolist()


def test_a_small_universe_leaves_places_free():
    index, roster, a, b = world(1, share=0.0)
    found = Proposer.build(index, ["warm"]).query_many("warm", roster, a, b, 3)
    assert found.numbers[1:].tolist() == [[0, -1, -1]] * (len(a) - 1)
    assert found.numbers[0].tolist() == [-1, -1, -1]  # the only pair is the query itself
    assert not found.scores[:, 1:].any()


def test_more_proposals_find_more():
    index, roster, a, b = world(7)
    exact = index.query_many("warm", roster, a, b, 3).numbers
    hits = []
    for breadth in (1, 4, 1_000):
        proposer = Proposer.build(index, ["warm"], rank=2, breadth=breadth)
        found = proposer.query_many("warm", roster, a, b, 3).numbers
        hits.append((found[:, :, None] == exact[:, None]).sum())
    assert hits == sorted(hits)
    assert hits[0] < hits[-1]


def test_without_faiss_the_extra_is_named(monkeypatch):
    index, *_ = world(1)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r"mard\[cpu\].*mard\[gpu\]"):
        Proposer.build(index, ["warm"])


def test_it_can_stand_in_for_the_exact_index():
    own, exact = (inspect.signature(each.query_many).parameters for each in (Proposer, NeighbourIndex))
    nearest = [parameter for name, parameter in exact.items() if name != "sharpness"]
    assert list(own.values()) == nearest


def test_an_unknown_universe_is_refused():
    index, roster, a, b = world(1)
    with pytest.raises(InputError, match="no universe 'cold' to propose from; there is warm"):
        Proposer.build(index, ["cold"])
    with pytest.raises(InputError, match="no universe 'cold' to propose from; there is warm"):
        Proposer.build(index, ["warm"]).query_many("cold", roster, a, b, 3)
