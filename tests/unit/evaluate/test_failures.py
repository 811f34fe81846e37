from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mard.evaluate.failures import Failure, classify, examples, offers, tally
from tests.unit.evaluate.labels import D, M, P, R, labels

GOLD = f"{R} bleeding a_to_b"


@pytest.mark.parametrize(
    ("gold", "answer", "abstain", "shown", "drawn", "expected"),
    [
        (GOLD, GOLD, False, False, False, ""),
        (GOLD, f"{P} s a_to_b", False, False, False, Failure.EVIDENCE),
        (GOLD, f"{P} s a_to_b", False, True, False, Failure.REASONING),
        (GOLD, f"{P} s a_to_b", False, True, True, Failure.SELECTION),
        (GOLD, f"{P} s a_to_b", False, False, True, Failure.SELECTION),
        (f"{M} m a_to_b", f"{D} s a_to_b", False, True, True, Failure.WORDING),
        (f"{M} m a_to_b", f"{R} s a_to_b", False, True, False, Failure.REASONING),
        (GOLD, f"{R} other a_to_b", False, True, True, Failure.DETAIL),
        (GOLD, f"{R} bleeding b_to_a", False, True, True, Failure.DETAIL),
        (GOLD, f"{R} bleeding n/a", True, True, True, ""),
        (GOLD, f"{R} other n/a", True, True, True, Failure.DETAIL),
        (GOLD, "", False, True, False, Failure.REASONING),
    ],
)
def test_each_class(gold: str, answer: str, abstain: bool, shown: bool, drawn: bool, expected: str) -> None:
    found = classify(labels(gold), labels(answer), *(np.array([flag]) for flag in (abstain, shown, drawn)))
    assert found.tolist() == [expected]


def test_offers_wants_the_right_family_of_the_right_pair() -> None:
    gold = pl.DataFrame({"pair_id": ["p", "q", "r"], "family": [R, M, R]})
    rows = pl.DataFrame({"pair_id": ["p", "p", "q", "s"], "family": [M, R, R, R]})
    assert offers(gold, rows).tolist() == [True, False, False]


def test_tally_by_hand() -> None:
    classes = np.array(["", Failure.DETAIL, Failure.DETAIL, Failure.WORDING], dtype=np.str_)
    rows = {row["failure"]: row for row in tally(classes, np.array([False, True, False, False]))}
    assert rows["F5 detail"] == {"failure": "F5 detail", "pairs": 2, "share": 0.5, "abstained": 1}
    assert rows["F4 wording"]["share"] == 0.25
    assert rows["F1 evidence"]["pairs"] == 0
    assert len(rows) == 5


def test_examples_are_the_surest_failures_of_each_class_three_at_most() -> None:
    n = 6
    classes = np.array([Failure.REASONING] * 5 + [""], dtype=np.str_)
    label = {"family": [R] * n, "subtype": ["s"] * n, "direction": ["a_to_b"] * n}
    gold = pl.DataFrame({"pair_id": list("uvwxyz"), **label})
    answers = pl.DataFrame({**label, "confidence": [0.1, 0.9, 0.5, 0.7, 0.2, 1.0]})
    assert [row["pair_id"] for row in examples(classes, gold, answers)] == ["v", "x", "w"]
