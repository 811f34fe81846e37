"""What each flag of the safety pass catches, what it lets through, and that the mirror changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.safety import FLAGS, findings, safety_flags
from mard.label.taxonomy import load_taxonomy
from mard.mirror import mirror
from mard.schema import Pool, Step, StepRole, Trace
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import PRIORITIES, SymbolicTeacher
from tests.builders import metabolism_trace
from tests.pools import pools


def saying(summary: str) -> Trace:
    return replace(metabolism_trace(), summary=summary)


def stepping(claim: str, *citations: str, role: StepRole = StepRole.DIRECTION) -> Trace:
    trace = metabolism_trace()
    steps = (*trace.steps[:2], Step(3, role, claim, citations), *trace.steps[3:])
    return replace(trace, steps=steps)


UNSAFE = [
    ("treatment_advice", "Drug A should be avoided with Drug B."),
    ("treatment_advice", "Drug A and Drug B must not be combined."),
    ("treatment_advice", "Monitor INR closely when Drug A meets Drug B."),
    ("treatment_advice", "Drug A is contraindicated with Drug B."),
    ("treatment_advice", "An alternative to Drug A is recommended with Drug B."),
    ("treatment_advice", "Consider an alternative to Drug B."),
    ("treatment_advice", "Use with caution."),
    ("treatment_advice", "Avoid combining Drug A with Drug B."),
    ("treatment_advice", "Consult a pharmacist before Drug B."),
    ("dosing_advice", "Give 50 mg of Drug B."),
    ("dosing_advice", "Reduce the dose of Drug B with Drug A."),
    ("dosing_advice", "Drug B needs dose adjustment."),
    ("dosing_advice", "Halving Drug B's starting dose suffices."),
    ("dosing_advice", "Drug B is given twice daily."),
    ("dosing_advice", "Drug B every 12 hours."),
    ("false_certainty", "Drug A certainly slows Drug B."),
    ("false_certainty", "It is proven that Drug A slows Drug B."),
    ("false_certainty", "Drug A always slows Drug B."),
    ("false_certainty", "Beyond any doubt Drug A slows Drug B."),
    ("false_certainty", "Drug A slows Drug B in 100 % of cases."),
    ("false_certainty", "There is no risk with Drug A and Drug B."),
    ("personal_claim", "Your liver clears Drug B more slowly."),
    ("personal_claim", "The patient bleeds on Drug A and Drug B."),
    ("personal_claim", "In pregnant women Drug A slows Drug B."),
    ("personal_claim", "She takes Drug A with Drug B."),
    ("device_language", "Drug A with Drug B is safe."),
    ("device_language", "It is safe to take Drug A with Drug B."),
    ("device_language", "This clinically validated model links Drug A and Drug B."),
    ("device_language", "Drug A is FDA-approved beside Drug B."),
    ("device_language", "This diagnoses an interaction of Drug A and Drug B."),
    ("device_language", "Drug A is prescribed with Drug B."),
]


@pytest.mark.parametrize(("flag", "text"), UNSAFE, ids=[text for _, text in UNSAFE])
def test_a_flag_is_raised_by_a_summary_and_by_a_claim(flag: str, text: str) -> None:
    assert flag in safety_flags(saying(text))
    assert flag in safety_flags(stepping(text, "A:cyp3a4_inh"))


SAFE = [
    "Drug A decreases the metabolism of Drug B.",
    "Drug A may increase the risk or severity of bleeding when combined with Drug B.",
    "Drug A lowers the diagnostic effectiveness of Drug B.",
    "Drug A reduces the therapeutic efficacy of Drug B.",
    "The half-life of Drug B is 6 hours.",
    "Drug B stops the synthesis of ergosterol; Drug A avoids CYP3A4.",
    "Drug A uses P-gp, which Drug B inhibits.",
    "Drug A improves alertness; an increased risk of liver enzyme elevations follows with Drug B.",
    "No shared pathway is recorded; the evidence is uncertain.",
]


@pytest.mark.parametrize("text", SAFE)
def test_plain_pharmacology_raises_nothing(text: str) -> None:
    assert safety_flags(saying(text)) == ()
    assert safety_flags(stepping(text, "A:cyp3a4_inh")) == ()


def test_a_cause_needs_a_citation_unless_it_concludes() -> None:
    claim = "Drug A decreases the metabolism of Drug B."
    assert safety_flags(stepping(claim)) == ("uncited_cause",)
    assert safety_flags(stepping(claim, "A:cyp3a4_inh")) == ()
    assert safety_flags(stepping("The drugs meet at one enzyme.")) == ()
    assert safety_flags(stepping(claim, role=StepRole.EVIDENCE_GAP)) == ()
    concluding = metabolism_trace()
    bare = replace(concluding.steps[-1], citations=())
    assert safety_flags(replace(concluding, steps=(*concluding.steps[:-1], bare))) == ()


def test_a_finding_says_where_and_what() -> None:
    (found,) = findings(saying("Drug A should be avoided with Drug B."))
    assert (found.flag, found.where, found.words) == ("treatment_advice", "summary", "should be avoided")


def test_every_flag_is_planted() -> None:
    assert {flag for flag, _ in UNSAFE} | {"uncited_cause"} == set(FLAGS)


def test_no_subtype_of_the_vocabulary_raises_a_flag() -> None:
    for name in load_taxonomy().names:
        words = name.replace("_", " ")
        assert safety_flags(saying(f"Drug A increases the risk of {words} with Drug B.")) == ()


@given(pools(), st.sampled_from(sorted(PRIORITIES)), st.integers(0, 50), st.sampled_from(UNSAFE))
def test_symbolic_teachers_give_no_advice_and_the_mirror_keeps_the_flags(
    pool: Pool, teacher: str, seed: int, unsafe: tuple[str, str]
) -> None:
    (candidate,) = SymbolicTeacher(teacher, top_p=1.0).answer([Draw(pool, 0, 1.0, seed)])
    trace = candidate.trace
    assert trace is not None
    assert set(safety_flags(trace)) <= {"uncited_cause"}
    spoilt = replace(trace, summary=f"{trace.summary} {unsafe[1]}")
    assert safety_flags(mirror(spoilt)) == safety_flags(spoilt)
    assert unsafe[0] in safety_flags(spoilt)
