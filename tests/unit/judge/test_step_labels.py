"""L1 to L4, one planted fault each, against the gold label."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.step_labels import step_labels
from mard.mirror import mirror
from mard.schema import Direction, Family, Label, Polarity, Pool, StepRole
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import SymbolicTeacher
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib, with_answer
from tests.pools import labels, pools


def test_a_correct_trace_is_plus_throughout() -> None:
    found = step_labels(metabolism_trace(), voriconazole_axitinib(), METABOLISM_DOWN)
    assert found == (True,) * 5  # four steps and the final answer


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("L1: not in the pool", {"citations": ("A:cyp2d6_inh",)}),
        ("L1: evidence without citation", {"role": StepRole.PK_FLAG, "citations": ()}),
        ("L2: the other drug acts", {"claim": "Drug B acts on Drug A."}),
        ("L3: another family", {"claim": "Drug A raises the serum concentration of Drug B."}),
        ("L4: a flag that is off", {"claim": "Drug A induces CYP3A4."}),
    ],
)
def test_each_check_turns_its_step_to_minus(check: str, changes: dict[str, object]) -> None:
    trace = metabolism_trace()
    steps = (*trace.steps[:2], replace(trace.steps[2], **changes), trace.steps[3])
    found = step_labels(replace(trace, steps=steps), voriconazole_axitinib(), METABOLISM_DOWN)
    assert found == (True, True, False, True, True), check


def test_true_evidence_stays_plus_when_the_answer_is_wrong() -> None:
    gold = Label(Family.PK_DISTRIBUTION, "serum_concentration", Direction.A_TO_B, Polarity.UP)
    found = step_labels(metabolism_trace(), voriconazole_axitinib(), gold)
    # The flags are on whatever they lead to; the metabolism of steps 3 and 4 is not gold's family.
    assert found == (True, True, False, False, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subtype": "serum_concentration"},
        {"direction": Direction.B_TO_A},
        {"polarity": Polarity.UP},
        {"direction": Direction.NONE, "abstain": True},
    ],
)
def test_the_final_answer_must_be_gold_in_full(wrong: dict[str, object]) -> None:
    trace = with_answer(metabolism_trace(), **wrong)
    assert step_labels(trace, voriconazole_axitinib(), METABOLISM_DOWN)[-1] is False


@given(pools(), labels(), st.integers(0, 50))
def test_the_mirror_keeps_every_label(pool: Pool, gold: Label, seed: int) -> None:
    (candidate,) = SymbolicTeacher("pk_first", top_p=1.0).answer([Draw(pool, 0, 1.0, seed)])
    trace = candidate.trace
    assert trace is not None
    assert step_labels(trace, pool, gold) == step_labels(mirror(trace), mirror(pool), mirror(gold))
