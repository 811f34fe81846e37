"""What sentences commit themselves to, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.lexicon import SILENT, Reading, argued, hedging, read, refuses
from mard.mirror import mirror, mirror_citation, mirror_text
from mard.schema import Direction, Family, Polarity, Step, StepRole

A_TO_B, B_TO_A, BOTH = Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL
MET, DIS, EXC = Family.PK_METABOLISM, Family.PK_DISTRIBUTION, Family.PK_EXCRETION
ABS, EFF, PD, RISK = Family.PK_ABSORPTION, Family.EFFICACY, Family.PD_ACTIVITY, Family.ADVERSE_RISK
UP, DOWN = Polarity.UP, Polarity.DOWN

EFFECTS = [
    ("Drug A decreases the metabolism of Drug B.", A_TO_B, MET, DOWN),
    ("The metabolism of Drug B is decreased by Drug A.", A_TO_B, MET, DOWN),
    ("The metabolism of Drug A can be decreased when combined with Drug B.", B_TO_A, MET, DOWN),
    ("Drug B inhibits the metabolism of Drug A.", B_TO_A, MET, DOWN),
    ("The serum concentration of Drug B rises with Drug A.", A_TO_B, DIS, UP),
    ("The excretion of Drug B is lower under Drug A.", A_TO_B, EXC, DOWN),
    ("Drug A reduces the bioavailability of Drug B.", A_TO_B, ABS, DOWN),
    ("Drug B weakens the therapeutic efficacy of Drug A.", B_TO_A, EFF, DOWN),
    ("Drug A enhances the hypotensive activities of Drug B.", A_TO_B, PD, UP),
    ("Drug A increases the neuromuscular blocking activities of Drug B.", A_TO_B, PD, UP),
    ("Both drugs raise the risk of bleeding.", BOTH, RISK, UP),
    ("Drug A and Drug B together raise the severity of sedation.", BOTH, RISK, UP),
]


@pytest.mark.parametrize(("claim", "direction", "family", "polarity"), EFFECTS)
def test_an_effect_names_direction_family_and_polarity(
    claim: str, direction: Direction, family: Family, polarity: Polarity
) -> None:
    reading = read(claim)
    assert reading.directions == {direction}
    assert reading.families == {family}
    assert reading.effects == {(family, polarity)}


ASSERTED_FLAGS = [
    ("Drug A inhibits CYP3A4.", {"A:cyp3a4_inh"}),
    ("CYP3A4 is inhibited by Drug B.", {"B:cyp3a4_inh"}),
    ("Drug A is a strong inhibitor of CYP2C9 and CYP3A4.", {"A:cyp2c9_inh", "A:cyp3a4_inh"}),
    ("Drug B induces P-gp.", {"B:pgp_ind"}),
    ("CYP2D6 metabolizes Drug A.", {"A:cyp2d6_sub"}),
    ("Drug B is transported by OATP1B1.", {"B:oatp1b1_sub"}),
    ("MATE1 clears Drug B.", {"B:mate1_sub"}),
    ("Both drugs are substrates of UGT1A1.", {"A:ugt1a1_sub", "B:ugt1a1_sub"}),
    ("P-glycoprotein exports both drugs.", {"A:pgp_sub", "B:pgp_sub"}),
]


@pytest.mark.parametrize(("claim", "flags"), ASSERTED_FLAGS)
def test_a_flag_is_evidence_and_no_mechanism_yet(claim: str, flags: set[str]) -> None:
    assert read(claim) == Reading(flags=frozenset(flags))


SILENT_CLAIMS = [
    ("No shared pathway is recorded.", "a negation"),
    ("Drug A does not inhibit CYP3A4.", "a negated flag"),
    ("Drug A does not decrease the metabolism of Drug B.", "a negated effect"),
    ("Both drugs carry ATC prefix N05; both depress the central nervous system.", "evidence on both"),
    ("Drug A works as a calcium-raising drug.", "a verb-like noun with one drug"),
    ("Drug A is a CNS depressant, Drug B is an opioid.", "no verb between the drugs"),
    ("The drugs share an ATC class.", "a similarity"),
]


@pytest.mark.parametrize(("claim", "why"), SILENT_CLAIMS)
def test_some_claims_commit_themselves_to_nothing(claim: str, why: str) -> None:
    assert read(claim) == SILENT, why


def test_an_effect_after_a_flag_keeps_its_own_polarity() -> None:
    reading = read("Drug A induces CYP3A4, so the serum concentration of Drug B falls.")
    assert reading.effects == {(DIS, DOWN)}
    assert reading.flags == {"A:cyp3a4_ind"}


def test_two_quantities_move_each_their_own_way() -> None:
    reading = read("Drug A decreases the excretion of Drug B, so its serum concentration rises.")
    assert reading.effects == {(EXC, DOWN), (DIS, UP)}
    assert reading.polarities(EXC) == {DOWN}


def test_a_clause_about_the_other_drug_does_not_turn_the_direction() -> None:
    assert read("Drug A inhibits CYP2D6, while Drug B induces CYP3A4.").directions == frozenset()


def test_a_subtype_that_reads_as_a_verb_does_not_set_the_polarity() -> None:
    assert read("Both drugs raise the risk of reduced gastrointestinal motility.").effects == {(RISK, UP)}


def test_a_tag_is_taken_at_its_word() -> None:
    reading = read("The closest labelled pair links its drugs by PK_Metabolism, a_to_b.")
    assert (reading.families, reading.directions, reading.effects) == ({MET}, {A_TO_B}, frozenset())


@pytest.mark.parametrize(
    ("claim", "direction"),
    [
        ("Drug B is the affected drug.", A_TO_B),
        ("Drug A is the acting drug.", A_TO_B),
        ("Drug A acts on Drug B.", A_TO_B),
        ("Drug A is affected by Drug B.", B_TO_A),
        ("Drug A inhibits CYP3A4, which clears Drug B.", A_TO_B),
    ],
)
def test_roles_tell_the_direction(claim: str, direction: Direction) -> None:
    assert read(claim).directions == {direction}


@pytest.mark.parametrize("role", [StepRole.EVIDENCE_GAP, StepRole.ABSTENTION])
def test_gaps_and_abstentions_argue_nothing(role: StepRole) -> None:
    claim = "A similar labelled pair shows Efficacy instead."
    assert read(claim).families == {EFF}
    assert argued(Step(1, role, claim, ())) == SILENT


@given(st.lists(st.sampled_from([row[0] for row in EFFECTS + ASSERTED_FLAGS + SILENT_CLAIMS]), max_size=3))
def test_reading_commutes_with_the_mirror(claims: list[str]) -> None:
    text = " ".join(claims)
    here, there = read(text), read(mirror_text(text))
    assert there.directions == {mirror(direction) for direction in here.directions}
    assert there.flags == {mirror_citation(flag) for flag in here.flags}
    assert (there.families, there.effects) == (here.families, here.effects)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("The mechanism cannot be determined.", True),
        ("There is insufficient evidence to answer.", True),
        ("No shared pathway is recorded.", False),
        ("Drug A decreases the metabolism of Drug B.", False),
    ],
)
def test_refusals_are_told_from_gaps(text: str, *, refused: bool) -> None:
    assert refuses(text) is refused


def test_hedging_is_a_share_of_words() -> None:
    assert hedging("It may possibly bleed now and again here today yes") == pytest.approx(2 / 10)
    assert hedging("") == 0.0
