"""What shared and complementary properties argue for."""

from __future__ import annotations

from mard.schema import Direction, DrugEvidence, Family, PairEvidence, Polarity, Pool, StepRole
from mard.teach.symbolic.argument import Argument, Kind
from mard.teach.symbolic.pharmacology import pharmacology_arguments


def arguments(a: tuple[str, ...], b: tuple[str, ...], moa: str = "") -> dict[tuple[str, str], Argument]:
    pool = Pool(
        DrugEvidence("DB00001", "A", atc=a, moa=moa),
        DrugEvidence("DB00002", "B", atc=b),
        PairEvidence(0.0, 0.0, 0, 0.0),
    )
    return {(one.label.subtype, str(one.label.direction)): one for one in pharmacology_arguments(pool)}


def test_two_depressants_share_a_risk_and_may_act_on_each_other() -> None:
    found = arguments(("N05BA01",), ("N05CF02",))
    assert found["cns_depression", "bidirectional"].label.family is Family.ADVERSE_RISK
    activity = "central_nervous_system_depressant_cns_depressant"
    assert {direction for name, direction in found if name == activity} == {"a_to_b", "b_to_a"}


def test_opposite_drugs_have_one_direction() -> None:
    found = arguments(("R03AC02",), ("C07AA05",))  # a beta agonist, a beta blocker
    label = found["bronchodilatory", "b_to_a"].label
    assert (label.direction, label.polarity) == (Direction.B_TO_A, Polarity.DOWN)
    assert ("bronchodilatory", "a_to_b") not in found


def test_an_absorption_argument_is_pharmacokinetic() -> None:
    found = arguments(("A02AA01",), ("J01MA02",))["absorption", "a_to_b"]  # an antacid, a quinolone
    assert (found.kind, found.label.family) == (Kind.PHARMACOKINETICS, Family.PK_ABSORPTION)


def test_words_of_the_mechanism_count_less_than_a_class() -> None:
    by_class = arguments(("B01AA03",), ("B01AB01",))["bleeding", "bidirectional"]
    by_words = arguments((), ("B01AB01",), moa="Inhibits thrombin.")["bleeding", "bidirectional"]
    assert by_words.strength == 0.6 * by_class.strength
    assert [draft.role for draft in by_words.drafts] == [StepRole.MECHANISM_OF_ACTION, StepRole.ATC]
    assert [draft.citations for draft in by_words.drafts] == [("A:moa",), ("B:ATC:B01AB01",)]


def test_unrelated_drugs_give_no_argument() -> None:
    assert arguments(("A11GA01",), ("D02AX01",)) == {}
