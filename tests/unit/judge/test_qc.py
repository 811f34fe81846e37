"""Each gate on a good trace and on one with exactly its fault; tiers; the mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.case import Case
from mard.judge.qc import GATES, JudgeBounds, Tier, judge
from mard.judge.safety import safety_flags
from mard.judge.step_labels import step_labels
from mard.mirror import mirror
from mard.schema import Direction, Family, Label, Polarity, Pool, Step, StepRole, Trace
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import PRIORITIES, SymbolicTeacher
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib, with_answer
from tests.pools import labels, pools
from tests.traces import traces

BOUNDS = JudgeBounds(max_summary_words=80, max_hedging=0.15, max_claim_words=40, sparse_citations=3)


def with_step(trace: Trace, number: int, **changes: object) -> Trace:
    steps = tuple(replace(step, **changes) if step.step == number else step for step in trace.steps)
    return replace(trace, steps=steps)


def with_claim(claim: str) -> Callable[[Trace], Trace]:
    return lambda trace: with_step(trace, 3, claim=claim)


def with_summary(summary: str) -> Callable[[Trace], Trace]:
    return lambda trace: replace(trace, summary=summary)


def with_repeats(trace: Trace, times: int) -> Trace:
    """The first two steps, the last but one ``times`` times, and the last, numbered in turn."""
    steps = (*trace.steps[:2], *[trace.steps[-2]] * times, trace.steps[-1])
    return replace(trace, steps=tuple(replace(step, step=n) for n, step in enumerate(steps, start=1)))


def test_a_good_trace_passes_every_gate() -> None:
    verdict = judge(metabolism_trace(), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert verdict.tier is Tier.FULL_CORRECT
    assert verdict.failed == ()


FAULTS: list[tuple[str, Callable[[Trace], Trace], str, str, Tier]] = [
    ("two steps", lambda t: replace(t, steps=t.steps[2:]), "G1", "2 steps, expected 3 to 8", Tier.REJECTED),
    ("nine steps", lambda t: with_repeats(t, 6), "G1", "9 steps, expected 3 to 8", Tier.REJECTED),
    (
        "numbered wrongly",
        lambda t: with_step(t, 2, step=7),
        "G1",
        "step 2 is numbered 7",
        Tier.REJECTED,
    ),
    ("an empty claim", lambda t: with_step(t, 2, claim=" "), "G1", "step 2 has no claim", Tier.REJECTED),
    (
        "no conclusion",
        lambda t: with_step(t, 4, role=StepRole.DIRECTION),
        "G1",
        "step 4 is a direction; the conclusion comes last and only there",
        Tier.REJECTED,
    ),
    (
        "an early conclusion",
        lambda t: with_step(t, 3, role=StepRole.CONCLUSION),
        "G1",
        "step 3 is a conclusion; the conclusion comes last and only there",
        Tier.REJECTED,
    ),
    (
        "a citation off the pool",
        lambda t: with_step(t, 3, citations=("A:P08684x",)),
        "G2",
        "step 3 cites A:P08684x",
        Tier.REJECTED,
    ),
    (
        "the other drug's citation",
        lambda t: with_step(t, 3, citations=("A:cyp3a4_inh", "A:P35968")),
        "G2",
        "step 3 cites A:P35968",
        Tier.REJECTED,
    ),
    (
        "evidence without citation",
        lambda t: with_step(t, 1, citations=()),
        "G2",
        "step 1 cites nothing",
        Tier.REJECTED,
    ),
    (
        "the other drug acts",
        with_claim("Drug B decreases the metabolism of Drug A."),
        "G3",
        "step 3 argues b_to_a, the answer is a_to_b",
        Tier.REJECTED,
    ),
    (
        "a tag of its own",
        lambda t: with_step(t, 4, claim="The mechanism is PK_Metabolism, bidirectional."),
        "G3",
        "step 4 argues bidirectional, the answer is a_to_b",
        Tier.REJECTED,
    ),
    (
        "the summary turns round",
        with_summary("Axitinib decreases the metabolism of Voriconazole."),
        "G3",
        "the summary argues b_to_a, the answer is a_to_b",
        Tier.REJECTED,
    ),
    (
        "another family argued",
        with_claim("Drug A lowers the absorption of Drug B."),
        "G4",
        "step 3 argues PK_Absorption, the answer is PK_Metabolism",
        Tier.REJECTED,
    ),
    (
        "another family answered",
        lambda t: with_answer(t, family=Family.PK_EXCRETION, subtype="excretion"),
        "G4",
        "the answer is PK_Excretion, gold is PK_Metabolism",
        Tier.REJECTED,
    ),
    (
        "polarity turned",
        with_claim("Drug A increases the metabolism of Drug B."),
        "G5",
        "step 3 argues up, the answer is down",
        Tier.NEAR_MISS,
    ),
    (
        "polarity turned in the summary",
        with_summary("Voriconazole increases the metabolism of Axitinib."),
        "G5",
        "the summary argues up, the answer is down",
        Tier.NEAR_MISS,
    ),
    (
        "n/a unsaid",
        lambda t: with_answer(t, direction=Direction.NONE),
        "G6",
        "abstain is false and the direction is n/a",
        Tier.REJECTED,
    ),
    (
        "abstains with a direction",
        lambda t: with_answer(t, abstain=True),
        "G6",
        "abstain is true and the direction is a_to_b",
        Tier.REJECTED,
    ),
    (
        "a refusal",
        with_claim("The mechanism cannot be determined."),
        "G6",
        "declines to answer without abstaining",
        Tier.REJECTED,
    ),
    (
        "abstains on a rich pool",
        lambda t: with_answer(t, direction=Direction.NONE, abstain=True),
        "G6",
        "abstains although each drug has 5 or more citable items",
        Tier.REJECTED,
    ),
    (
        "asserts a flag that is off",
        lambda t: with_step(t, 2, claim="CYP2D6 metabolizes Drug B."),
        "G7",
        "step 2 relies on B:cyp2d6_sub, which is not on",
        Tier.NEAR_MISS,
    ),
    (
        "a rambling claim",
        lambda t: with_step(t, 2, claim="CYP3A4 " * 41),
        "G7",
        "step 2 has 41 words",
        Tier.NEAR_MISS,
    ),
    ("no summary", with_summary(""), "G8", "no summary", Tier.NEAR_MISS),
    (
        "one drug unnamed",
        with_summary("Voriconazole inhibits CYP3A4."),
        "G8",
        "the summary does not name Drug B",
        Tier.NEAR_MISS,
    ),
    (
        "81 words",
        with_summary("Voriconazole Axitinib" + " and" * 79),
        "G8",
        "the summary has 81 words",
        Tier.NEAR_MISS,
    ),
    (
        "hedging, 2 words of 8",  # 0.25 > 0.15
        with_summary("Voriconazole may possibly affect how Axitinib is cleared"),
        "G9",
        "0.25 hedging words a word",
        Tier.NEAR_MISS,
    ),
    (
        "a subtype of another family",
        lambda t: with_answer(t, subtype="bleeding"),
        "G10",
        "'bleeding' is no subtype of PK_Metabolism",
        Tier.FAMILY_CORRECT,
    ),
]


@pytest.mark.parametrize(
    ("what", "spoil", "gate", "reason", "tier"), FAULTS, ids=[f"{row[2]} {row[0]}" for row in FAULTS]
)
def test_each_gate_catches_its_fault_and_nothing_else_fails(
    what: str, spoil: Callable[[Trace], Trace], gate: str, reason: str, tier: Tier
) -> None:
    verdict = judge(spoil(metabolism_trace()), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert dict(verdict.reasons) == {gate: reason}
    assert verdict.failed == (gate,)
    assert verdict.tier is tier


def test_every_gate_has_a_planted_fault_and_a_case_that_it_lets_through() -> None:
    assert {row[2] for row in FAULTS} == {row[0] for row in GOOD} == set(GATES)


GOOD: list[tuple[str, str, Callable[[Trace], Trace]]] = [
    ("G1", "three steps", lambda t: replace(t, steps=(*t.steps[:2], replace(t.steps[3], step=3)))),
    ("G1", "eight steps", lambda t: with_repeats(t, 5)),
    ("G2", "a direction step need not cite", lambda t: with_step(t, 3, citations=())),
    ("G2", "the pair's own similarities", lambda t: with_step(t, 3, citations=("pair:protein_jaccard",))),
    (
        "G3",
        "a claim may say both, one of them the answer's",
        with_claim("Drug A slows Drug B's metabolism, while Drug B slows Drug A's metabolism."),
    ),
    ("G3", "what is denied asserts nothing", with_claim("Drug B does not slow the metabolism of Drug A.")),
    (
        "G4",
        "a gap may speak of another family",
        lambda t: with_step(t, 3, role=StepRole.EVIDENCE_GAP, claim="Efficacy."),
    ),
    (
        "G4",
        "several families, one of them the answer's",
        with_claim("Drug A decreases the metabolism and raises the serum concentration of Drug B."),
    ),
    ("G5", "no movement", with_claim("Drug A affects the metabolism of Drug B.")),
    ("G6", "what is missing may be said", with_claim("No shared pathway is recorded for Drug A and Drug B.")),
    ("G7", "40 words", lambda t: with_step(t, 2, claim="CYP3A4 " * 40)),
    ("G7", "a denied flag", lambda t: with_step(t, 2, claim="CYP2D6 does not metabolize Drug B.")),
    ("G8", "80 words", with_summary("Voriconazole Axitinib" + " and" * 78)),
    ("G8", "Drug A and Drug B name the drugs", with_summary("Drug A decreases the metabolism of Drug B.")),
    ("G8", "names in any case", with_summary("voriconazole decreases the metabolism of AXITINIB.")),
    ("G9", "1 word of 7 is 0.143", with_summary("Voriconazole may affect how Axitinib is cleared")),
    ("G10", "the only subtype of its family", lambda t: with_answer(t, subtype="metabolism")),
]


@pytest.mark.parametrize(("gate", "why", "change"), GOOD, ids=[f"{row[0]} {row[1]}" for row in GOOD])
def test_what_the_gates_let_through(gate: str, why: str, change: Callable[[Trace], Trace]) -> None:
    verdict = judge(change(metabolism_trace()), voriconazole_axitinib(), METABOLISM_DOWN, BOUNDS)
    assert dict(verdict.reasons) == {}, (gate, why)
    assert verdict.tier is Tier.FULL_CORRECT


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


@given(pools(), labels(), st.data())
def test_the_mirror_changes_no_verdict_and_no_step_label_of_any_trace(
    pool: Pool, gold: Label, data: st.DataObject
) -> None:
    trace = data.draw(traces(pool))
    for truth in (gold, None):
        here = judge(trace, pool, truth, BOUNDS)
        there = judge(mirror(trace), mirror(pool), truth and mirror(truth), BOUNDS)
        assert (here.tier, here.failed) == (there.tier, there.failed)
    assert step_labels(trace, pool, gold) == step_labels(mirror(trace), mirror(pool), mirror(gold))
    assert safety_flags(trace) == safety_flags(mirror(trace))


@given(pools(), labels(), st.sampled_from(sorted(PRIORITIES)), st.integers(0, 50), st.data())
def test_judging_the_flipped_trace_gives_the_same_verdict(
    pool: Pool, gold: Label, teacher: str, seed: int, data: st.DataObject
) -> None:
    (candidate,) = SymbolicTeacher(teacher, top_p=1.0).answer([Draw(pool, 0, 1.0, seed)])
    trace = candidate.trace
    assert trace is not None
    spoil = data.draw(st.sampled_from([lambda t: t, *(row[1] for row in FAULTS)]))
    trace = spoil(trace)
    here = judge(trace, pool, gold, BOUNDS)
    there = judge(mirror(trace), mirror(pool), mirror(gold), BOUNDS)
    assert (here.tier, here.failed) == (there.tier, there.failed)
