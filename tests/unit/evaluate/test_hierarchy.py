from __future__ import annotations

import pytest

from mard.evaluate.hierarchy import hierarchy_scores, ths
from tests.unit.evaluate.labels import M, P, R, labels

GOLD = labels(*[f"{R} bleeding a_to_b up"] * 6)


def test_each_rung_by_hand() -> None:
    answer = labels(
        f"{M} metabolism a_to_b",  # wrong family
        f"{R} qtc a_to_b",  # family; its right direction does not count under a wrong subtype
        f"{R} bleeding b_to_a",  # family and subtype
        f"{R} bleeding a_to_b up",  # full triple
        f"{R} bleeding a_to_b down",  # polarity is not part of the triple
        f"{R} bleeding n/a",  # an abstention keeps what it guessed and has no direction
    )
    assert hierarchy_scores(GOLD, answer).tolist() == [0.0, 0.3, 0.7, 1.0, 1.0, 0.7]
    assert ths(GOLD, answer).score() == pytest.approx(3.7 / 6, abs=1e-6)


def test_a_subtype_of_the_same_name_in_another_family_earns_nothing() -> None:
    assert ths(labels(f"{R} hypertension a_to_b"), labels(f"{P} hypertension a_to_b")).score() == 0.0
