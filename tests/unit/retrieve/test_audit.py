from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mard.retrieve.audit import audit, match_rate, random_rate
from mard.retrieve.neighbours import NeighbourIndex
from mard.schema import Direction, Family, Label, Polarity
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, drug, features, labelled

PK, AR = Family.PK_METABOLISM, Family.ADVERSE_RISK


def test_mor_counts_queries_with_a_match_among_the_first_k():
    pk, ar, nothing = 6, 0, -1
    neighbours = np.array([[ar, pk, pk], [ar, ar, pk], [ar, ar, nothing]])
    assert match_rate(np.array([pk, pk, pk]), neighbours, [1, 2, 3]) == {1: 0.0, 2: 1 / 3, 3: 2 / 3}


def test_mor_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one query"):
        match_rate(np.empty(0, np.int32), np.empty((0, 1), np.int32), [1])


def test_chance_by_hand():
    # 2 of 5 pairs are PK: k = 1 gives 2/5; k = 2 gives 1 - C(3,2)/C(5,2) = 1 - 3/10; k = 9 draws all
    rates = random_rate([PK], {PK: 2, AR: 3}, [1, 2, 9])
    assert rates == {1: pytest.approx(0.4), 2: pytest.approx(0.7), 9: 1.0}
    assert random_rate([PK, AR], {PK: 2, AR: 3}, [1])[1] == pytest.approx(0.5)


def test_leaving_out_the_only_informative_channel_loses_the_match():
    # only fingerprints tell that (1, 2) is like (5, 6); without them all tie and (3, 4) comes first
    drugs = features(
        *(drug(number, bits=[number % 2]) for number in (1, 2)),
        *(drug(number, bits=[20 + number]) for number in (3, 4)),
        *(drug(number, bits=[number % 2]) for number in (5, 6)),
    )
    label = {family: Label(family, "any", Direction.A_TO_B, Polarity.UP) for family in (PK, AR)}
    pairs = [(drug_id(3), drug_id(4), label[AR]), (drug_id(5), drug_id(6), label[PK])]
    index = NeighbourIndex.build(drugs, EVEN, {"warm": labelled(pairs)})
    seen = []
    query = pl.DataFrame({"drug_a": [drug_id(1)], "drug_b": [drug_id(2)], "family": [str(PK)]})
    watch = lambda done, total: seen.append((done, total))  # noqa: E731
    report = audit(index, {"warm": query}, [1], threads=2, on_progress=watch)["warm"]
    assert report["all"] == report["without atc"] == report["without protein"] == {1: 1.0}
    assert report["without tanimoto"] == {1: 0.0}
    assert report["random"] == {1: 0.5}
    assert seen[-1] == (5, 5)


def test_neighbours_in_proportion_are_a_variant_of_their_own():
    # the nearest pair is of AR, but two a little less alike are of PK
    drugs = features(
        drug(1, bits=[0, 1]),
        drug(2, bits=[9]),
        drug(3, bits=[0, 1]),
        *(drug(number, bits=[0]) for number in (4, 5)),
        drug(6, bits=[9]),
    )
    label = {family: Label(family, "any", Direction.A_TO_B, Polarity.UP) for family in (PK, AR)}
    pairs = [(drug_id(3), drug_id(6), label[AR])]
    pairs += [(drug_id(number), drug_id(6), label[PK]) for number in (4, 5)]
    index = NeighbourIndex.build(drugs, EVEN, {"warm": labelled(pairs)})
    query = pl.DataFrame({"drug_a": [drug_id(1)], "drug_b": [drug_id(2)], "family": [str(PK)]})
    report = audit(index, {"warm": query}, [1, 2], sharpness=0.5)["warm"]
    assert report["all"] == {1: 0.0, 2: 1.0}
    assert report["in proportion"] == {1: 1.0, 2: 1.0}
    assert "in proportion" not in audit(index, {"warm": query}, [1])["warm"]
