"""Counts by hand: rates over all candidates, accuracy over answers."""

from __future__ import annotations

from dataclasses import replace

from mard.judge.qc import Tier, Verdict
from mard.judge.tally import Tally
from mard.schema import Direction, Family
from tests.builders import METABOLISM_DOWN, metabolism_trace, with_answer


def test_rates_are_over_candidates_and_accuracy_over_answers() -> None:
    tally = Tally()
    gold = METABOLISM_DOWN
    right, wrong = metabolism_trace(), with_answer(metabolism_trace(), family=Family.EFFICACY)
    abstaining = with_answer(metabolism_trace(), direction=Direction.NONE, abstain=True)
    tally.add("t", right, gold, Verdict(Tier.FULL_CORRECT, {}))
    tally.add("t", wrong, gold, Verdict(Tier.REJECTED, {"G4": "another family"}))
    tally.add("t", abstaining, gold, Verdict(Tier.ABSTENTION, {}))
    tally.add_invalid("t")
    report = tally.to_dict()["t"]
    assert (report["candidates"], report["invalid"], report["answered"]) == (4, 1, 2)
    assert report["family_accuracy"] == 0.5  # one of two answers
    assert report["gate_pass_rate"]["G4"] == 0.75  # one of four fails it
    assert report["gate_pass_rate"]["G1"] == 0.75  # the one that is no trace
    assert report["gate_pass_rate"]["G2"] == 1.0
    assert report["tiers"] == {
        "full_correct": 1,
        "family_correct": 0,
        "abstention": 1,
        "near_miss": 0,
        "rejected": 1,
    }


def test_a_teacher_that_never_answers_has_no_accuracy() -> None:
    tally = Tally()
    tally.add_invalid("t")
    other = replace(METABOLISM_DOWN, family=Family.EFFICACY)
    abstaining = with_answer(metabolism_trace(), direction=Direction.NONE, abstain=True)
    tally.add("t", abstaining, other, Verdict(Tier.ABSTENTION, {}))
    assert tally.to_dict()["t"]["family_accuracy"] is None
