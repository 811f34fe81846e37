from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.label.masking import A_MARK, B_MARK, VERBATIM, readings, to_template
from tests.names import drug_names

DECREASED = "The metabolism of {} can be decreased when combined with {}."
INCREASES = "{} may increase the sedative activities of {}."
RISK = "The risk or severity of {} can be increased when {} is combined with {}."


def templates(text: str, names_a: list[str], names_b: list[str]) -> list[tuple[str, bool]]:
    return [to_template(reading.masked) for reading in readings(text, names_a, names_b)]


def test_the_longer_name_is_masked_first():
    """Whichever of the two is A."""
    text = INCREASES.format("Insulin human", "Insulin")
    assert templates(text, ["Insulin"], ["Insulin human"]) == [
        (INCREASES.format("{first}", "{second}"), False)
    ]
    assert templates(text, ["Insulin human"], ["Insulin"]) == [
        (INCREASES.format("{first}", "{second}"), True)
    ]


def test_of_two_names_that_overlap_the_earlier_is_masked():
    assert templates("a b c on b c", ["a b"], ["b c"]) == [("{first} c on {second}", True)]


def test_a_template_numbers_the_drugs_by_appearance():
    assert to_template(f"{B_MARK} on {A_MARK}, {B_MARK}.") == ("{first} on {second}, {first}.", False)
    assert to_template(f"{A_MARK} on {B_MARK}.") == ("{first} on {second}.", True)
    assert to_template(f"only {B_MARK}.") == ("only {first}.", False)
    assert to_template("none.") == ("none.", True)


NAMES = [
    ("Aspirin", "Calcium carbonate"),
    ("Estradiol", "Estradiol valerate"),
    ("Tetra", "Tetracycline"),
    ("Interferon alfa-2a, Recombinant", "Interferon alfa-2b"),
    ("St. John's Wort", "Insulin (pork)"),
    ("β-Carotene", "17α-Hydroxyprogesterone"),
    ("(R)-warfarin", "Warfarin"),
    ("Ala", "Alanine"),
    ("5-fluorouracil", "Fluorouracil [F18]"),
    ("C++", "C+"),
]


@pytest.mark.parametrize(("a", "b"), NAMES + [(b, a) for a, b in NAMES], ids=str)
@pytest.mark.parametrize("sentence", [DECREASED, INCREASES])
def test_names_with_every_punctuation_and_inside_each_other(a: str, b: str, sentence: str):
    expected = (sentence.format("{first}", "{second}"), True)
    assert templates(sentence.format(a, b), [a], [b])[0] == expected


def test_a_name_is_never_cut_out_of_a_word():
    assert templates(INCREASES.format("Tetracycline", "Aspirin"), ["Tetra"], ["Aspirin"]) == []
    assert templates(INCREASES.format("Alpha-Tetra", "Aspirin"), ["pha-Tetra"], ["Aspirin"]) == []


def test_aliases_stand_in_for_the_primary_name_in_any_case():
    text = DECREASED.format("inlyta", "VFEND")
    assert templates(text, ["Voriconazole", "Vfend"], ["Axitinib", "Inlyta"]) == [
        (DECREASED.format("{first}", "{second}"), False)
    ]


def test_primary_names_are_tried_before_aliases_and_long_aliases_before_short_ones():
    text = INCREASES.format("Heparin sodium", "Enoxaparin")
    found = list(readings(text, ["Dalteparin", "Heparin", "Heparin sodium"], ["Enoxaparin", "Enoxa"]))
    assert [reading.masked for reading in found] == [
        INCREASES.format(A_MARK, B_MARK),
        INCREASES.format(f"{A_MARK} sodium", B_MARK),
    ]
    assert found[0].rank == found[1].rank > VERBATIM


def test_the_same_word_as_a_primary_name_and_as_the_others_alias():
    found = templates(
        INCREASES.format("Heparin", "Enoxaparin"), ["Enoxaparin", "Heparin"], ["Heparin", "Enoxaparin"]
    )
    assert found[0] == (INCREASES.format("{first}", "{second}"), False), (
        "both primary: the reading that counts"
    )


def test_names_that_differ_in_case_alone_are_read_to_the_letter_first():
    found = list(readings(INCREASES.format("iron", "Iron"), ["iron"], ["Iron"]))
    assert found[0].rank == VERBATIM
    assert to_template(found[0].masked) == (INCREASES.format("{first}", "{second}"), True)
    assert all(reading.rank > VERBATIM for reading in found[1:])


def test_typographic_apostrophes_and_hyphens_are_plain_ones():
    text = DECREASED.format("St. John’s Wort", "Interferon alfa–2a")
    assert templates(text, ["St. John's Wort"], ["Interferon alfa-2a"]) == [
        (DECREASED.format("{first}", "{second}"), True)
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("beta-Carotene", "β-Carotene"),
        ("β-carotene", "Beta-carotene"),
        ("ß-carotene", "Beta-carotene"),
        ("17alpha-estradiol", "17α-Estradiol"),
        ("Interferon gamma-1b", "Interferon γ-1b"),
        ("Μ-opioid", "mu-opioid"),
    ],
)
def test_greek_letters_may_be_spelled_out_or_not(written: str, name: str):
    assert templates(DECREASED.format(written, "Aspirin"), [name], ["Aspirin"]) == [
        (DECREASED.format("{first}", "{second}"), True)
    ]


def test_a_word_that_begins_like_a_greek_letter_is_not_one():
    assert templates(DECREASED.format("βmethasone", "Aspirin"), ["Betamethasone"], ["Aspirin"]) == []


def test_letters_that_change_their_length_in_lower_case_do_not_shift_the_names():
    text = INCREASES.format("İbu", "Aspirin")
    assert templates(text, ["İbu"], ["Aspirin"]) == [(INCREASES.format("{first}", "{second}"), True)]


def test_a_drug_called_as_the_risk_is():
    """Its first place may be the risk: that reading comes after the one that masks all."""
    text = RISK.format("bleeding", "bleeding", "Aspirin")
    found = templates(text, ["bleeding"], ["Aspirin"])
    assert found[0] == (RISK.format("{first}", "{first}", "{second}"), True)
    assert (RISK.format("bleeding", "{first}", "{second}"), True) in found


def test_many_places_have_one_reading():
    """Nine places could be masked in 2^9 ways."""
    text = INCREASES.format("bad " * 8, "Aspirin")
    assert len(templates(text, ["bad"], ["Aspirin"])) == 1


def test_a_sentence_that_names_one_drug_has_no_reading():
    assert templates(DECREASED.format("Axitinib", "something"), ["Axitinib"], ["Voriconazole"]) == []


def test_two_drugs_of_one_name_may_stand_in_either_order():
    assert templates(INCREASES.format("Twin", "Twin"), ["Twin"], ["Twin"]) == [
        (INCREASES.format("{first}", "{second}"), True),
        (INCREASES.format("{first}", "{second}"), False),
    ]


def test_an_empty_name_is_found_nowhere():
    assert templates(INCREASES.format("Aspirin", "Heparin"), ["", "Aspirin"], ["Heparin"]) == [
        (INCREASES.format("{first}", "{second}"), True)
    ]


@given(drug_names, drug_names, st.sampled_from([DECREASED, INCREASES]))
def test_ranks_never_fall_and_the_letter_can_be_restored(a: str, b: str, sentence: str):
    found = list(readings(sentence.format(a, b), [a], [b]))
    assert [reading.rank for reading in found] == sorted(reading.rank for reading in found)
    if a != b:
        verbatim = [reading.masked for reading in found if reading.rank == VERBATIM]
        restored = [masked.replace(A_MARK, a).replace(B_MARK, b) for masked in verbatim]
        assert restored in ([], [sentence.format(a, b)])
