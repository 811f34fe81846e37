from __future__ import annotations

from dataclasses import replace

import pytest

from mard.infer.candidates import Candidate
from mard.infer.verify import RULES, Flag, broken, flag_table, verify, worth_having
from mard.infer.vote import self_consistency
from mard.judge.case import Case
from mard.mirror import mirror
from mard.schema import Direction, Family, Polarity, Step, StepRole, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer
from tests.unit.infer.tiny import BLEEDING, DOWN, answering

CASE = Case.of(voriconazole_axitinib())


def with_step(claim: str, *citations: str, role: StepRole = StepRole.PK_FLAG) -> Trace:
    """The correct trace with another first step."""
    _, *rest = metabolism_trace().steps
    return replace(metabolism_trace(), steps=(Step(1, role, claim, citations), *rest))


PLANTED = {
    "ungrounded": with_step("Drug A inhibits CYP3A4.", "A:cyp2d6_inh", role=StepRole.PROTEIN),
    "flag_off": with_step("Drug A induces CYP3A4.", "A:P08684"),
    "other_family": with_step("Drug A increases the risk of bleeding with Drug B.", "A:P08684"),
    "other_direction": with_step("Drug B decreases the metabolism of Drug A.", "A:P08684"),
    "other_polarity": with_step("Drug A increases the metabolism of Drug B.", "A:P08684"),
    "family_unsupported": with_answer(
        metabolism_trace(), family=Family.EFFICACY, subtype="therapeutic_efficacy"
    ),
    "against_pk_roles": with_answer(metabolism_trace(), direction=Direction.B_TO_A),
    "against_pk_effect": with_answer(metabolism_trace(), polarity=Polarity.UP),
}


def test_a_correct_trace_breaks_no_rule_in_either_order() -> None:
    assert broken(metabolism_trace(), CASE) == ()
    assert broken(mirror(metabolism_trace()), Case.of(mirror(voriconazole_axitinib()))) == ()


@pytest.mark.parametrize("name", RULES)
def test_each_rule_catches_its_fault(name: str) -> None:
    assert name in broken(PLANTED[name], CASE)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_invariant_under_the_mirror(name: str) -> None:
    flipped = Case.of(mirror(voriconazole_axitinib()))
    assert broken(mirror(PLANTED[name]), flipped) == broken(PLANTED[name], CASE)


def test_inhibition_raises_a_serum_concentration() -> None:
    # voriconazole inhibits CYP3A4, of which axitinib is a substrate
    up = with_answer(
        metabolism_trace(),
        family=Family.PK_DISTRIBUTION,
        subtype="serum_concentration",
        polarity=Polarity.UP,
    )
    assert "against_pk_effect" not in broken(up, CASE)
    assert "against_pk_effect" in broken(with_answer(up, polarity=Polarity.DOWN), CASE)


def test_fewest_faults_win_then_the_standing_label_then_phi() -> None:
    clean = Candidate("ab", 0, metabolism_trace(), (0.2,), 0.2)
    faulty = Candidate("ab", 1, PLANTED["against_pk_effect"], (0.9,), 0.9)
    assert verify([clean, faulty], CASE).candidate is clean
    better = Candidate("ab", 2, answering(DOWN, confidence=0.5), (0.8,), 0.8)
    assert verify([clean, better, faulty], CASE).candidate is better
    bidirectional = with_answer(metabolism_trace(), direction=Direction.BIDIRECTIONAL)
    silent = replace(
        bidirectional, steps=tuple(replace(s, claim="CYP3A4 matters.") for s in bidirectional.steps)
    )
    assert broken(silent, CASE) == ("family_unsupported",)


def test_the_standing_decision_keeps_its_confidence_where_its_label_is_among_the_cleanest() -> None:
    candidates = [
        Candidate("ab", index, answering(DOWN, confidence), (phi,), phi)
        for index, (confidence, phi) in enumerate([(0.9, 0.2), (0.5, 0.6)])
    ]
    standing = self_consistency(candidates)
    decision = verify(candidates, CASE, standing)
    assert decision.answer == standing.answer
    assert decision.answer.confidence == pytest.approx(0.7)


def test_precision_by_hand() -> None:
    """Gold is DOWN. Three break ``against_pk_effect``, two of them wrong; of two others, one is wrong."""
    up = PLANTED["against_pk_effect"]
    bleeding = answering(BLEEDING)
    judged = [
        (up, CASE, DOWN),
        (up, CASE, DOWN),
        (up, CASE, up.final_answer.label),
        (metabolism_trace(), CASE, DOWN),
        (bleeding, CASE, DOWN),
    ]
    table = {flag.rule: flag for flag in flag_table(judged)}
    assert table["against_pk_effect"] == Flag("against_pk_effect", 3, 0.666667, 0.5)
    assert table["ungrounded"] == Flag("ungrounded", 0, None, 0.6)


def test_a_rule_is_kept_unless_it_was_seen_not_to_tell_wrong_from_right() -> None:
    flags = [
        Flag("good", 9, 0.6, 0.4),
        Flag("bad", 9, 0.4, 0.4),
        Flag("rare", 4, 0.0, 0.5),
        Flag("never", 0, None, 0.5),
    ]
    assert worth_having(flags) == ("good", "rare", "never")


def test_rules_that_are_not_counted_do_not_matter() -> None:
    clean = Candidate("ab", 0, metabolism_trace(), (0.2,), 0.2)
    faulty = Candidate("ab", 1, PLANTED["against_pk_effect"], (0.9,), 0.9)
    assert verify([clean, faulty], CASE, rules=("ungrounded",)).candidate is faulty
