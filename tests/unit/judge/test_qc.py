"""Each gate on a good trace and on one with exactly its fault; tiers; the mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.case import Case
from mard.judge.qc import GATES, JudgeBounds, Tier, judge
from mard.mirror import mirror
from mard.schema import Direction, Family, Label, Polarity, Pool, Step, StepRole, Trace
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import PRIORITIES, SymbolicTeacher
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib, with_answer
from tests.pools import labels, pools

BOUNDS = JudgeBounds(max_summary_words=80, max_hedging=0.15, max_claim_words=40, sparse_citations=3)


def with_step(trace: Trace, number: int, **changes: object) -> Trace:
    steps = tuple(replace(step, **changes) if step.step == number else step for step in trace.steps)
    return replace(trace, steps=steps)


def with_claim(claim: str) -> Callable[[Trace], Trace]:
    return lambda trace: with_step(trace, 3, claim=claim)


def with_summary(summary: str) -> Callable[[Trace], Trace]:
    return lambda trace: replace(trace, summary=summary)


def test_a_good_trace_passes_every_gate() -> None:
    verdict = judge(metabolism_trace(), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert verdict.tier is Tier.FULL_CORRECT
    assert verdict.failed == ()


FAULTS: list[tuple[str, Callable[[Trace], Trace], tuple[str, ...], Tier]] = [
    ("two steps", lambda t: replace(t, steps=t.steps[2:]), ("G1",), Tier.REJECTED),
    ("numbered wrongly", lambda t: with_step(t, 2, step=7), ("G1",), Tier.REJECTED),
    ("an empty claim", lambda t: with_step(t, 2, claim=" "), ("G1",), Tier.REJECTED),
    ("no conclusion", lambda t: with_step(t, 4, role=StepRole.DIRECTION), ("G1",), Tier.REJECTED),
    ("an early conclusion", lambda t: with_step(t, 3, role=StepRole.CONCLUSION), ("G1",), Tier.REJECTED),
    ("a citation off the pool", lambda t: with_step(t, 3, citations=("A:P08684x",)), ("G2",), Tier.REJECTED),
    ("evidence without citation", lambda t: with_step(t, 1, citations=()), ("G2",), Tier.REJECTED),
    ("the other drug acts", with_claim("Drug B decreases the metabolism of Drug A."), ("G3",), Tier.REJECTED),
    (
        "the summary turns round",
        with_summary("Axitinib decreases the metabolism of Voriconazole."),
        ("G3",),
        Tier.REJECTED,
    ),
    ("another family argued", with_claim("Drug A lowers the absorption of Drug B."), ("G4",), Tier.REJECTED),
    (
        "another family answered",
        lambda t: with_answer(t, family=Family.PK_EXCRETION, subtype="excretion"),
        ("G4",),
        Tier.REJECTED,
    ),
    ("polarity turned", with_claim("Drug A increases the metabolism of Drug B."), ("G5",), Tier.NEAR_MISS),
    ("n/a unsaid", lambda t: with_answer(t, direction=Direction.NONE), ("G6",), Tier.REJECTED),
    ("a refusal", with_claim("The mechanism cannot be determined."), ("G6",), Tier.REJECTED),
    (
        "abstains on a rich pool",
        lambda t: with_answer(t, direction=Direction.NONE, abstain=True),
        ("G6",),
        Tier.REJECTED,
    ),
    (
        "asserts a flag that is off",
        lambda t: with_step(t, 2, claim="CYP2D6 metabolizes Drug B."),
        ("G7",),
        Tier.NEAR_MISS,
    ),
    ("a rambling claim", lambda t: with_step(t, 2, claim="CYP3A4 " * 41), ("G7",), Tier.NEAR_MISS),
    ("no summary", with_summary(""), ("G8",), Tier.NEAR_MISS),
    ("one drug unnamed", with_summary("Voriconazole inhibits CYP3A4."), ("G8",), Tier.NEAR_MISS),
    ("81 words", with_summary("Voriconazole Axitinib" + " and" * 79), ("G8",), Tier.NEAR_MISS),
    (
        "hedging, 2 words of 8",  # 0.25 > 0.15
        with_summary("Voriconazole may possibly affect how Axitinib is cleared"),
        ("G9",),
        Tier.NEAR_MISS,
    ),
    (
        "a subtype of another family",
        lambda t: with_answer(t, subtype="bleeding"),
        ("G10",),
        Tier.FAMILY_CORRECT,
    ),
]


@pytest.mark.parametrize(("what", "spoil", "failed", "tier"), FAULTS, ids=[row[0] for row in FAULTS])
def test_each_gate_catches_its_fault_and_nothing_else_fails(
    what: str, spoil: Callable[[Trace], Trace], failed: tuple[str, ...], tier: Tier
) -> None:
    verdict = judge(spoil(metabolism_trace()), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert verdict.failed == failed
    assert verdict.tier is tier
    assert all(verdict.reasons.values()), "a reason is given"


def test_every_gate_has_a_planted_fault() -> None:
    assert {gate for _, _, failed, _ in FAULTS for gate in failed} == set(GATES)


GOOD = [
    ("81 words are too many, 80 are not", with_summary("Voriconazole Axitinib" + " and" * 78)),
    (
        "a gap may speak of another family",
        lambda t: with_step(t, 3, role=StepRole.EVIDENCE_GAP, claim="Efficacy."),
    ),
    ("Drug A and Drug B name the drugs", with_summary("Drug A decreases the metabolism of Drug B.")),
    ("names in any case", with_summary("voriconazole decreases the metabolism of AXITINIB.")),
    ("a direction step need not cite", lambda t: with_step(t, 3, citations=())),
]


@pytest.mark.parametrize(("why", "change"), GOOD, ids=[row[0] for row in GOOD])
def test_what_the_gates_let_through(why: str, change: Callable[[Trace], Trace]) -> None:
    verdict = judge(change(metabolism_trace()), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert verdict.failed == (), why


@pytest.mark.parametrize(
    "gold",
    [
        replace(METABOLISM_DOWN, direction=Direction.B_TO_A),
        replace(METABOLISM_DOWN, polarity=Polarity.UP),
    ],
)
def test_the_family_alone_right_is_a_tier_of_its_own(gold: Label) -> None:
    verdict = judge(metabolism_trace(), voriconazole_axitinib(), gold, BOUNDS)
    assert (verdict.tier, verdict.failed) == (Tier.FAMILY_CORRECT, ())


def test_without_gold_the_gates_decide_alone() -> None:
    other = with_answer(metabolism_trace(), family=Family.PK_EXCRETION, subtype="excretion")
    assert judge(metabolism_trace(), voriconazole_axitinib(), None, BOUNDS).tier is Tier.FULL_CORRECT
    assert judge(other, voriconazole_axitinib(), None, BOUNDS).failed == ("G4",), "its own claims disagree"


def test_abstention_is_open_and_only_on_a_sparse_pool() -> None:
    rich = voriconazole_axitinib()
    sparse = replace(rich, b=replace(rich.b, pk_flags=(), atc=(), targets=(), half_life_hours=None))
    sparse = replace(sparse, b=replace(sparse.b, half_life_text=""))
    steps = (
        Step(1, StepRole.EVIDENCE_GAP, "Little is recorded about Drug B.", ()),
        Step(2, StepRole.ABSTENTION, "The mechanism cannot be determined.", ()),
        Step(3, StepRole.CONCLUSION, "No mechanism is concluded.", ()),
    )
    trace = replace(
        metabolism_trace(), steps=steps, summary="Voriconazole and Axitinib: too little is known."
    )
    guess = {"family": Family.EFFICACY, "subtype": "therapeutic_efficacy"}
    trace = with_answer(trace, direction=Direction.NONE, abstain=True, **guess)
    assert Case.of(sparse).items == 1  # of the enzymes, P08684
    assert judge(trace, sparse, METABOLISM_DOWN, BOUNDS).tier is Tier.ABSTENTION
    assert judge(trace, rich, METABOLISM_DOWN, BOUNDS).failed == ("G6",)


@given(pools(), labels(), st.sampled_from(sorted(PRIORITIES)), st.integers(0, 50), st.data())
def test_judging_the_flipped_trace_gives_the_same_verdict(
    pool: Pool, gold: Label, teacher: str, seed: int, data: st.DataObject
) -> None:
    (candidate,) = SymbolicTeacher(teacher, top_p=1.0).answer([Draw(pool, 0, 1.0, seed)])
    trace = candidate.trace
    assert trace is not None
    spoil = data.draw(st.sampled_from([lambda t: t, *(row[1] for row in FAULTS[1:])]))
    trace = spoil(trace)
    here = judge(trace, pool, gold, BOUNDS)
    there = judge(mirror(trace), mirror(pool), mirror(gold), BOUNDS)
    assert (here.tier, here.failed) == (there.tier, there.failed)
