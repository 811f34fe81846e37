"""Vote shares, the shortlist, the score and its ties, each by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mard.judge.consensus import Contender, choose, poll, score, shortlist
from mard.judge.qc import Tier
from mard.schema import Direction, Family, Trace
from tests.builders import metabolism_trace, with_answer

WEIGHTS = {Tier.FULL_CORRECT: 1.0, Tier.FAMILY_CORRECT: 0.5, Tier.ABSTENTION: 0.33, Tier.NEAR_MISS: 0.25}

METABOLISM = metabolism_trace()
EXCRETION = with_answer(METABOLISM, family=Family.PK_EXCRETION, subtype="excretion")
TURNED = with_answer(METABOLISM, direction=Direction.B_TO_A)
ABSTAINING = with_answer(METABOLISM, direction=Direction.NONE, abstain=True)


def contender(
    teacher: str, index: int, trace: Trace = METABOLISM, tier: Tier = Tier.FULL_CORRECT, **more: float
) -> Contender:
    return Contender(teacher, index, trace, tier, **more)


def test_teachers_weigh_the_same_however_many_candidates_they_have() -> None:
    polled = poll(
        [
            contender("p", 0),
            contender("p", 1, TURNED, Tier.REJECTED),
            contender("p", 2, EXCRETION, Tier.REJECTED),
            contender("p", 3, ABSTAINING, Tier.ABSTENTION),
            contender("q", 0),
        ]
    )
    # Family metabolism: p gives it 2 of its 4, q its only one: (2/4 + 1/1) / 2 = 0.75.
    # Triple metabolism a_to_b: (1/4 + 1) / 2 = 0.625. Excretion and abstention: (1/4) / 2 = 0.125 each.
    assert [one.vote_share for one in polled] == pytest.approx([0.75, 0.75, 0.125, 0.125, 0.75])
    assert [one.agreement for one in polled] == pytest.approx([0.625, 0.125, 0.125, 0.125, 0.625])


def test_the_shortlist_drops_rejected_and_repeated_traces_and_keeps_the_best_tiers() -> None:
    other = replace(METABOLISM, summary="Voriconazole slows Axitinib.")
    found = shortlist(
        [
            contender("q", 0, ABSTAINING, Tier.ABSTENTION, vote_share=0.9),
            contender("q", 1, vote_share=0.5),
            contender("p", 7, vote_share=0.5),  # the same trace: the first teacher by name keeps it
            contender("q", 2, EXCRETION, Tier.REJECTED, vote_share=1.0),
            contender("q", 3, other, Tier.FAMILY_CORRECT, vote_share=0.1),
        ],
        limit=2,
    )
    assert [(one.teacher, one.index) for one in found] == [("p", 7), ("q", 3)]


def test_the_score_is_gates_times_reward_times_vote_share() -> None:
    one = contender("p", 0, tier=Tier.FAMILY_CORRECT, phi=0.8, vote_share=0.75)
    assert score(one, WEIGHTS) == pytest.approx(0.5 * 0.8 * 0.75)
    assert score(contender("p", 0, tier=Tier.REJECTED, phi=1.1, vote_share=1.0), WEIGHTS) == 0.0


def test_the_best_score_wins_whatever_the_order() -> None:
    best = contender("q", 5, phi=0.9, vote_share=0.5)  # 0.45
    others = [
        contender("p", 0, phi=0.4, vote_share=1.0),  # 0.40
        contender("p", 1, tier=Tier.NEAR_MISS, phi=1.1, vote_share=1.0),  # 0.275
    ]
    assert choose([best, *others], WEIGHTS) is best
    assert choose([*others, best], WEIGHTS) is best


def test_ties_go_to_agreement_then_to_teacher_and_index() -> None:
    lonely = contender("p", 0, phi=0.5, vote_share=1.0, agreement=0.2)
    agreed = contender("q", 4, phi=0.5, vote_share=1.0, agreement=0.6)
    later = contender("q", 5, phi=0.5, vote_share=1.0, agreement=0.6)
    assert choose([lonely, later, agreed], WEIGHTS) is agreed


def test_a_pair_without_contenders_has_no_consensus() -> None:
    with pytest.raises(ValueError, match="empty"):
        choose([], WEIGHTS)
