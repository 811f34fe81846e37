"""An unsafe winner gives way to the best safe trace of its pair, and is counted."""

from __future__ import annotations

from dataclasses import replace

from mard.judge.consensus import Contender
from mard.judge.postpass import SafetyPass
from mard.judge.qc import Tier
from tests.builders import metabolism_trace

WEIGHTS = {Tier.FULL_CORRECT: 1.0, Tier.FAMILY_CORRECT: 0.5}
ADVICE = "Drug A should be avoided with Drug B."


def contender(index: int, phi: float, summary: str = "Drug A and Drug B.") -> Contender:
    trace = replace(metabolism_trace(), summary=summary)
    return Contender("t", index, trace, Tier.FULL_CORRECT, 1.0, 1.0, (phi,) * 5, phi)


BEST_IS_UNSAFE = [contender(0, 0.9, ADVICE), contender(1, 0.5), contender(2, 0.8)]


def test_the_best_safe_trace_takes_the_place_of_an_unsafe_winner() -> None:
    safety = SafetyPass("drop", WEIGHTS)
    assert safety.winner(BEST_IS_UNSAFE) == BEST_IS_UNSAFE[2]
    assert safety.winner(BEST_IS_UNSAFE[1:]) == BEST_IS_UNSAFE[2]
    assert safety.winner(BEST_IS_UNSAFE[:1]) is None
    found = safety.to_dict()
    assert {name: found[name] for name in ("passed", "unsafe", "replaced", "dropped")} == {
        "passed": 1,
        "unsafe": 2,
        "replaced": 1,
        "dropped": 1,
    }
    assert found["flags"]["treatment_advice"] == 2
    assert sum(found["flags"].values()) == 2


def test_flagging_leaves_the_winner_in_its_place() -> None:
    safety = SafetyPass("flag", WEIGHTS)
    assert safety.winner(BEST_IS_UNSAFE) == BEST_IS_UNSAFE[0]
    assert (safety.to_dict()["unsafe"], safety.to_dict()["dropped"]) == (1, 0)
