from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.errors import InputError, SelfPair
from mard.mirror import mirror
from mard.retrieve.neighbours import FORMAT, NeighbourIndex
from mard.retrieve.similarity import drug_similarity
from mard.schema import Direction, Family, Label, PairEvidence, PairId, Polarity
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, drug, features, labelled, random_features

DOWN = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)
BLEEDING = Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP)


@pytest.fixture
def azoles():
    """Drugs 1 and 2 are alike, 3 and 4 are alike: (1, 3) should find (2, 4) and turn (4, 5) away."""
    drugs = features(
        drug(1, atc=["J02AC03"], bits=[0, 1]),
        drug(2, atc=["J02AC01"], bits=[0, 1]),
        drug(3, enzymes=["P08684"], bits=[9]),
        drug(4, enzymes=["P08684"], bits=[9]),
        drug(5, atc=["C09AA05"], bits=[30]),
    )
    pairs = [
        (drug_id(2), drug_id(4), DOWN),
        (drug_id(4), drug_id(5), BLEEDING),
        (drug_id(1), drug_id(3), DOWN),
    ]
    return NeighbourIndex.build(drugs, EVEN, {"warm": labelled(pairs)})


def test_eq_9_by_hand(azoles):
    # s(1,2) = .25 (4/5 + 1) = .45, s(3,4) = .25 (1 + 1) = .5; (1,3) with (2,4): (.45 + .5) / 2 = .475
    # (1,3) with (4,5): straight s(1,4) + s(3,5) = 0, crossed s(1,5) + s(3,4) = 0 + .5 -> .25
    first, second = azoles.query("warm", drug_id(1), drug_id(3), k=5)
    assert (first.first, first.second, first.label) == (drug_id(2), drug_id(4), DOWN)
    assert first.similarity == pytest.approx(0.475)
    assert (second.first, second.second) == (drug_id(5), drug_id(4))
    assert second.similarity == pytest.approx(0.25)


def test_a_neighbour_is_turned_to_the_query(azoles):
    (found,) = azoles.query("warm", drug_id(3), drug_id(1), k=1)
    assert (found.first, found.second) == (drug_id(4), drug_id(2))
    assert found.label.direction is Direction.B_TO_A


def test_the_query_and_drugs_to_avoid_are_never_shown(azoles):
    shown = azoles.query("warm", drug_id(1), drug_id(3), k=5)
    assert "nbr:DB00001|DB00003" not in {neighbour.citation for neighbour in shown}
    assert azoles.query("warm", drug_id(1), drug_id(3), k=5, avoid=frozenset({drug_id(4), "DB77777"})) == []


def test_unknown_drugs_are_like_no_drug_and_ties_go_to_the_lesser_pair(azoles):
    shown = azoles.query("warm", "DB88888", "DB99999", k=2)
    assert [neighbour.citation for neighbour in shown] == ["nbr:DB00001|DB00003", "nbr:DB00002|DB00004"]
    assert {neighbour.similarity for neighbour in shown} == {0.0}
    assert azoles.pair_evidence("DB88888", drug_id(1)) == PairEvidence(0.0, 0.0, 0, 0.0)


def test_among_equal_turns_a_shared_drug_keeps_its_place():
    nothing = features(drug(1), drug(2), drug(3))
    index = NeighbourIndex.build(nothing, EVEN, {"warm": labelled([(drug_id(1), drug_id(2), DOWN)])})
    (found,) = index.query("warm", drug_id(2), drug_id(3), k=1)
    assert (found.first, found.second) == (drug_id(2), drug_id(1))


def test_a_described_drug_outside_the_index_is_compared_by_its_features():
    drugs = features(drug(1, bits=[0]), drug(2, bits=[1]), drug(3, bits=[0]))
    index = NeighbourIndex.build(drugs, EVEN, {"warm": labelled([(drug_id(1), drug_id(2), DOWN)])})
    assert index.drug_ids == (drug_id(1), drug_id(2))
    roster = index.roster([drug_id(3), "DB99999", drug_id(1)])
    assert roster.rows(pl.Series([drug_id(2), drug_id(3), "DB99999"])).tolist() == [1, 2, 3]
    assert roster.guests.similarity.tolist() == [[0.25, 0.0], [0.0, 0.0]]


def test_wrong_questions_are_refused(azoles):
    with pytest.raises(InputError, match=r"no universe 'cold'.*warm"):
        azoles.query("cold", drug_id(1), drug_id(2), k=1)
    with pytest.raises(SelfPair):
        azoles.query("warm", drug_id(1), drug_id(1), k=1)


def brute_force(index, matrix, pairs, a, b, k, avoid):
    place = {drug: row for row, drug in enumerate(index.features.drug_ids)}
    scored = []
    for c, d, label in pairs:
        if {c, d} == {a, b} or {c, d} & avoid:
            continue
        s = lambda x, y: matrix[place[x], place[y]]  # noqa: E731
        score = max(s(a, c) + s(b, d), s(a, d) + s(b, c)) / np.float32(2)
        scored.append((-score, PairId.of(c, d), label))
    return [(str(pair), float(-score)) for score, pair, _ in sorted(scored, key=lambda item: item[:2])[:k]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_queries_agree_with_the_definition_and_with_their_mirror(seed, k):
    draw = random.Random(seed)
    drugs, _ = random_features(9, seed)
    ids = drugs.drug_ids
    pairs = [(a, b, draw.choice((DOWN, BLEEDING))) for a, b in combinations(ids, 2) if draw.random() < 0.5]
    index = NeighbourIndex.build(drugs, EVEN, {"warm": labelled(pairs)})
    every = np.arange(len(ids))
    matrix = drug_similarity(drugs, every, every, EVEN)
    for a, b in combinations(ids, 2):
        avoid = frozenset(draw.sample(ids, draw.randint(0, 2)))
        found = index.query("warm", a, b, k, avoid=avoid)
        shown = [(neighbour.citation.removeprefix("nbr:"), neighbour.similarity) for neighbour in found]
        assert shown == brute_force(index, matrix, pairs, a, b, k, avoid)
        assert index.query("warm", b, a, k, avoid=avoid) == [mirror(neighbour) for neighbour in found]


def test_an_index_survives_its_files_and_maps_them(azoles, tmp_path):
    azoles.save(tmp_path)
    loaded = NeighbourIndex.load(tmp_path)
    assert isinstance(loaded.ranking.similarity.base, np.memmap)
    assert loaded.query("warm", drug_id(1), drug_id(3), k=5) == azoles.query(
        "warm", drug_id(1), drug_id(3), k=5
    )
    assert loaded.family_counts("warm") == {Family.PK_METABOLISM: 2, Family.ADVERSE_RISK: 1}


def test_an_index_of_another_format_is_refused(azoles, tmp_path):
    azoles.save(tmp_path)
    header = tmp_path / "index.json"
    header.write_text(header.read_text().replace(f'"format": {FORMAT}', '"format": 0'))
    with pytest.raises(InputError, match=f"format 0, expected {FORMAT}; run retrieve again"):
        NeighbourIndex.load(tmp_path)
