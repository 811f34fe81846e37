"""Which PK argument each kind of match gives."""

from __future__ import annotations

import pytest

from mard.schema import Direction, DrugEvidence, Family, Label, PairEvidence, Polarity, Pool
from mard.teach.symbolic.pharmacokinetics import pk_arguments


def pool(a: str, b: str) -> Pool:
    return Pool(
        DrugEvidence("DB00001", "A", pk_flags=tuple(a.split())),
        DrugEvidence("DB00002", "B", pk_flags=tuple(b.split())),
        PairEvidence(0.0, 0.0, 0, 0.0),
    )


def strongest(a: str, b: str) -> Label:
    return max(pk_arguments(pool(a, b)), key=lambda argument: argument.strength).label


A_TO_B, B_TO_A = Direction.A_TO_B, Direction.B_TO_A
UP, DOWN = Polarity.UP, Polarity.DOWN


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("cyp3a4_inh", "cyp3a4_sub", Label(Family.PK_METABOLISM, "metabolism", A_TO_B, DOWN)),
        ("cyp3a4_sub", "cyp3a4_ind", Label(Family.PK_METABOLISM, "metabolism", B_TO_A, UP)),
        ("ugt1a1_inh", "ugt1a1_sub", Label(Family.PK_METABOLISM, "metabolism", A_TO_B, DOWN)),
        ("pgp_inh", "pgp_sub", Label(Family.PK_DISTRIBUTION, "serum_concentration", A_TO_B, UP)),
        ("pgp_ind", "pgp_sub", Label(Family.PK_DISTRIBUTION, "serum_concentration", A_TO_B, DOWN)),
        ("oatp1b1_sub", "oatp1b1_inh", Label(Family.PK_DISTRIBUTION, "serum_concentration", B_TO_A, UP)),
        ("oct2_inh", "oct2_sub", Label(Family.PK_EXCRETION, "excretion", A_TO_B, DOWN)),
    ],
)
def test_the_strongest_argument_of_a_match(a: str, b: str, expected: Label) -> None:
    assert strongest(a, b) == expected


def test_competition_is_weak_and_speaks_for_both_directions() -> None:
    found = list(pk_arguments(pool("cyp2d6_sub", "cyp2d6_sub")))
    assert {argument.label.direction for argument in found} == {A_TO_B, B_TO_A}
    inhibition = max(one.strength for one in pk_arguments(pool("cyp2d6_inh", "cyp2d6_sub")))
    assert max(argument.strength for argument in found) < inhibition / 2


@pytest.mark.parametrize(("a", "b"), [("cyp3a4_inh", "cyp2d6_sub"), ("cyp3a4_inh", "cyp3a4_inh"), ("", "")])
def test_flags_that_do_not_meet_say_nothing(a: str, b: str) -> None:
    assert list(pk_arguments(pool(a, b))) == []


def test_an_argument_cites_both_flags_on_their_sides() -> None:
    argument = next(iter(pk_arguments(pool("cyp3a4_sub", "cyp3a4_inh"))))
    assert [draft.citations for draft in argument.drafts] == [("B:cyp3a4_inh",), ("A:cyp3a4_sub",)]
