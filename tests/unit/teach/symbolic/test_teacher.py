"""The three teachers: grounded, honest, different, reproducible and blind to the order of the pair."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.qc import JudgeBounds, judge
from mard.judge.step_labels import step_labels
from mard.mirror import mirror
from mard.schema import Direction, Label, Pool
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import PRIORITIES, SymbolicTeacher
from tests.builders import METABOLISM_DOWN, voriconazole_axitinib
from tests.pools import pools

BOUNDS = JudgeBounds(max_summary_words=80, max_hedging=0.15, max_claim_words=40, sparse_citations=3)
NAMES = sorted(PRIORITIES)


def draws(pool: Pool, count: int, temperature: float = 1.0) -> list[Draw]:
    return [Draw(pool, index, temperature, seed=index) for index in range(count)]


@given(pools(), st.sampled_from(NAMES))
def test_every_trace_passes_the_gates_against_its_own_answer(pool: Pool, name: str) -> None:
    for candidate in SymbolicTeacher(name, top_p=1.0).answer(draws(pool, 4)):
        assert candidate.trace is not None
        verdict = judge(candidate.trace, pool, None, BOUNDS)
        assert not verdict.reasons, (verdict.reasons, candidate.trace)


@given(pools(), st.sampled_from(NAMES))
def test_every_step_is_plus_if_the_answer_is_gold(pool: Pool, name: str) -> None:
    for candidate in SymbolicTeacher(name, top_p=1.0).answer(draws(pool, 4)):
        trace = candidate.trace
        assert trace is not None
        if not trace.final_answer.abstain:
            labels = step_labels(trace, pool, trace.final_answer.label)
            assert all(labels), (labels, trace)


@given(pools(), st.sampled_from(NAMES))
def test_the_mirrored_pool_gives_the_mirrored_distribution(pool: Pool, name: str) -> None:
    teacher = SymbolicTeacher(name, top_p=1.0)

    def scores(pool: Pool, *, flipped: bool) -> dict[Label | None, float]:
        return {
            mirror(h.label) if flipped and h.label else h.label: round(h.score, 9)
            for h in teacher.hypotheses(pool)
        }

    assert scores(mirror(pool), flipped=True) == scores(pool, flipped=False)


def test_claims_are_short() -> None:
    traces = [c.trace for c in SymbolicTeacher("pk_first", 1.0).answer(draws(voriconazole_axitinib(), 50))]
    assert max(len(step.claim.split()) for trace in traces if trace for step in trace.steps) <= 14


def test_the_clear_case_is_clear_to_all_three() -> None:
    for name in NAMES:
        best = SymbolicTeacher(name, top_p=0.9).hypotheses(voriconazole_axitinib())[0]
        assert best.label == METABOLISM_DOWN, name


def test_priorities_make_teachers_disagree() -> None:
    """PK speaks for metabolism a_to_b, the classes for QT prolongation, a neighbour for b_to_a."""
    pool = voriconazole_axitinib()
    turned = replace(METABOLISM_DOWN, direction=Direction.B_TO_A)
    pool = replace(pool, neighbours=(replace(pool.neighbours[0], similarity=0.2, label=turned),))
    best = {name: SymbolicTeacher(name, 0.9).hypotheses(pool)[0] for name in NAMES}
    # Logits: PK 2.2, classes 1.4, analogy 3.0 x 0.2 / 0.5 = 1.2.
    assert best["pk_first"].label == METABOLISM_DOWN  # 1.0 x 2.2 > 1.0 x 1.2 > 0.6 x 1.4
    assert best["analogy_first"].label == turned  # 1.6 x 1.2 > 0.4 x 2.2
    label = best["pharmacology_first"].label  # 1.2 x 1.4 > 1.0 x 1.2 > 0.5 x 2.2
    assert label is not None
    assert label.subtype in ("qtc_prolongation", "qtc_prolonging")


def test_temperature_widens_what_a_teacher_answers() -> None:
    pool, teacher = voriconazole_axitinib(), SymbolicTeacher("pk_first", top_p=1.0)

    def answers(temperature: float) -> int:
        found = list(teacher.answer(draws(pool, 200, temperature)))
        return len({c.trace.final_answer.label for c in found if c.trace})

    assert answers(0.05) == 1
    assert answers(1.0) > 2


def test_the_same_seed_writes_the_same_trace_whatever_else_is_drawn() -> None:
    teacher, pool = SymbolicTeacher("pk_first", 0.9), voriconazole_axitinib()
    alone = list(teacher.answer([Draw(pool, 2, 1.0, seed=2)]))
    assert list(teacher.answer(draws(pool, 4)))[2] == alone[0]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_pool_is_answered_by_abstaining_or_by_the_unnamed_risk(name: str) -> None:
    pool = voriconazole_axitinib()
    blank = {"pk_flags": (), "atc": (), "targets": (), "enzymes": (), "half_life_hours": None}
    blank |= {"half_life_text": "", "moa": ""}
    empty = replace(pool, a=replace(pool.a, **blank), b=replace(pool.b, **blank), neighbours=())
    found = list(SymbolicTeacher(name, 1.0).answer(draws(empty, 60)))
    abstained = sum(c.trace.final_answer.abstain for c in found if c.trace)
    assert 20 < abstained < 60  # p = 1 / (1 + exp(-0.5)) = 0.62
