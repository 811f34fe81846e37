"""Each flag on a winner with exactly its fault, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mard.judge.audit import FLAGS, Audit, audit, summarize_audits
from mard.judge.consensus import Contender
from mard.judge.qc import Tier
from mard.mirror import mirror
from mard.schema import Step, StepRole, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer

SURE = (0.9,) * 5


def winner(trace: Trace | None = None, **changes: object) -> Contender:
    good = Contender("pk_first", 0, trace or metabolism_trace(), Tier.FULL_CORRECT, 0.8, 0.8, SURE, 0.99)
    return replace(good, **changes)


def citing(trace: Trace, *citations: str) -> Trace:
    return replace(trace, steps=tuple(replace(step, citations=citations) for step in trace.steps))


def claiming(number: int, claim: str, role: StepRole = StepRole.DIRECTION, *citations: str) -> Trace:
    trace = metabolism_trace()
    return replace(
        trace,
        steps=tuple(
            Step(number, role, claim, citations or one.citations) if one.step == number else one
            for one in trace.steps
        ),
    )


def test_a_good_winner_raises_no_flag() -> None:
    assert audit(winner(), voriconazole_axitinib()) == Audit(1.0, ())


NBR = "nbr:DB00582|DB11679"
SPOILT: list[tuple[str, Callable[[], Contender], tuple[str, ...]]] = [
    (
        "wrong family of a neighbour",
        lambda: winner(claiming(2, "A similar pair shows PK_Excretion.", StepRole.NEIGHBOR_PAIR, NBR)),
        ("misread_neighbour",),
    ),
    (
        "family only without citation",
        lambda: winner(
            replace(
                claiming(3, "Drug A acts on Drug B."),
                steps=(
                    *claiming(3, "Drug A acts on Drug B.").steps[:3],
                    Step(4, StepRole.CONCLUSION, "The mechanism is PK_Metabolism, a_to_b.", ()),
                ),
            )
        ),
        ("unargued_family",),
    ),
    (
        "direction only in the conclusion",
        lambda: winner(claiming(3, "The drugs meet at one enzyme.")),
        ("unargued_direction",),
    ),
    ("one citation", lambda: winner(citing(metabolism_trace(), "B:P08684")), ("thin_citations",)),
    ("only neighbours", lambda: winner(citing(metabolism_trace(), NBR)), ("thin_citations", "analogy_only")),
    ("the same claim twice", lambda: winner(claiming(2, "Drug A inhibits CYP3A4.")), ("repeated_claim",)),
    ("a weak step", lambda: winner(step_scores=(0.9, 0.4, 0.9, 0.9, 0.9)), ("weak_step",)),
    ("a doubted answer", lambda: winner(step_scores=(0.9, 0.9, 0.9, 0.9, 0.4)), ("doubted_answer",)),
    (
        "few votes",
        lambda: winner(with_answer(metabolism_trace(), confidence=0.5), vote_share=0.4),
        ("split_vote",),
    ),
    # 1.0 > 0.55 + 0.4
    (
        "boasting",
        lambda: winner(with_answer(metabolism_trace(), confidence=1.0), vote_share=0.55),
        ("overconfident",),
    ),
]


@pytest.mark.parametrize(("what", "spoilt", "flags"), SPOILT, ids=[row[0] for row in SPOILT])
def test_each_flag_is_raised_by_its_fault(
    what: str, spoilt: Callable[[], Contender], flags: tuple[str, ...]
) -> None:
    found = audit(spoilt(), voriconazole_axitinib())
    assert found.flags == flags
    assert 0 < found.quality < 1


def test_every_flag_has_a_planted_fault() -> None:
    assert {flag for _, _, flags in SPOILT for flag in flags} == set(FLAGS)


def test_penalties_multiply() -> None:
    both = winner(step_scores=(0.9, 0.4, 0.9, 0.9, 0.4))
    # weak_step and doubted_answer cost 0.2 each: 0.8 x 0.8.
    assert audit(both, voriconazole_axitinib()).quality == pytest.approx(0.64)


@pytest.mark.parametrize("row", SPOILT, ids=[row[0] for row in SPOILT])
def test_the_mirror_keeps_the_audit(row: tuple[str, Callable[[], Contender], tuple[str, ...]]) -> None:
    spoilt = row[1]()
    flipped = replace(spoilt, trace=mirror(spoilt.trace))
    assert audit(flipped, mirror(voriconazole_axitinib())) == audit(spoilt, voriconazole_axitinib())


def test_the_summary_counts_flags_tenths_and_what_falls_short() -> None:
    summary = summarize_audits([Audit(1.0, ()), Audit(0.64, ("weak_step",)), Audit(0.1, ())], min_quality=0.2)
    assert (summary["audited"], summary["dropped"]) == (3, 1)
    assert summary["flags"]["weak_step"]["raised"] == 1
    assert summary["quality_tenths"] == [0, 1, 0, 0, 0, 0, 1, 0, 0, 1]
