from __future__ import annotations

from dataclasses import replace

import pytest

from mard.infer.vote import greedy, margin, prm_argmax, prm_vote_consensus, self_consistency
from mard.schema import Direction, Family
from tests.unit.infer.tiny import BLEEDING, DOWN, SERUM, greedy_pair, sample


def test_self_consistency_counts_heads() -> None:
    # 3 votes metabolism, 1 adverse risk: margin (3 - 1) / 4
    votes = [sample(0, DOWN, 0.1), sample(1, DOWN, 0.1), sample(2, DOWN, 0.1), sample(3, BLEEDING, 1.0)]
    decision = self_consistency([*greedy_pair(BLEEDING), *votes])
    assert decision.answer.family is Family.PK_METABOLISM
    assert decision.margin == pytest.approx(0.5)


def test_consensus_weighs_votes_by_phi() -> None:
    # 3 x 0.1 against 1.0: adverse risk wins by (1.0 - 0.3) / 1.3
    votes = [sample(0, DOWN, 0.1), sample(1, DOWN, 0.1), sample(2, DOWN, 0.1), sample(3, BLEEDING, 1.0)]
    decision = prm_vote_consensus(votes)
    assert decision.answer.family is Family.ADVERSE_RISK
    assert decision.margin == pytest.approx(0.7 / 1.3)


def test_argmax_takes_the_best_trace_with_the_margin_of_its_family_among_all() -> None:
    votes = [sample(0, DOWN, 0.5), sample(1, DOWN, 0.4), sample(2, SERUM, 0.9)]
    decision = prm_argmax(votes)
    assert decision.answer.label == SERUM
    assert decision.margin == 0.0  # 1 vote against 2
    assert margin(votes, Family.PK_METABOLISM) == pytest.approx(1 / 3)


def test_the_label_is_elected_within_the_family_and_confidence_is_the_familys_mean() -> None:
    other_way = replace(DOWN, direction=Direction.B_TO_A)
    votes = [
        sample(0, DOWN, 0.2, confidence=0.6),
        sample(1, DOWN, 0.3, confidence=0.9),
        sample(2, other_way, 0.9, confidence=0.3),
    ]
    decision = self_consistency(votes)
    assert decision.answer.label == DOWN
    assert decision.answer.confidence == pytest.approx((0.6 + 0.9 + 0.3) / 3)
    assert decision.candidate.phi == 0.3
    # by Phi: 0.5 for a_to_b against 0.9; confidence (0.2*0.6 + 0.3*0.9 + 0.9*0.3) / 1.4
    weighted = prm_vote_consensus(votes)
    assert weighted.answer.label == other_way
    assert weighted.answer.confidence == pytest.approx(0.66 / 1.4)


def test_a_tie_goes_to_the_greater_phi() -> None:
    assert self_consistency([sample(0, DOWN, 0.2), sample(1, SERUM, 0.3)]).answer.label == SERUM
    assert self_consistency([sample(0, DOWN, 0.4), sample(1, SERUM, 0.3)]).answer.label == DOWN


def test_votes_without_any_phi_still_decide() -> None:
    decision = prm_vote_consensus([sample(0, DOWN, 0.0), sample(1, SERUM, 0.0)])
    assert decision.margin == 0.0


def test_greedy_is_no_voter_unless_there_is_no_sample() -> None:
    both = [*greedy_pair(BLEEDING), sample(0, DOWN)]
    assert self_consistency(both).answer.label == DOWN
    assert greedy(both).answer.label == BLEEDING
    assert self_consistency(greedy_pair(BLEEDING)).answer.label == BLEEDING


def test_texts_that_are_no_traces_do_not_vote() -> None:
    broken = [replace(sample(index, BLEEDING), trace=None) for index in range(3)]
    assert self_consistency([*broken, sample(3, DOWN)]).answer.label == DOWN
    with pytest.raises(ValueError, match="none of the candidates"):
        self_consistency(broken)
