from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mard.label.masking import A_MARK, B_MARK, interpretations, quick_mask, to_template

DECREASED = "The metabolism of {} can be decreased when combined with {}."
INCREASES = "{} may increase the sedative activities of {}."


def templates(text: str, names_a: list[str], names_b: list[str]) -> list[tuple[str, bool]]:
    return [to_template(reading.masked) for reading in interpretations(text, names_a, names_b)]


def test_the_longer_name_is_masked_first():
    """Whichever of the two is A."""
    text = INCREASES.format("Insulin human", "Insulin")
    assert quick_mask(text, "Insulin", "Insulin human") == INCREASES.format(B_MARK, A_MARK)
    assert quick_mask(text, "Insulin human", "Insulin") == INCREASES.format(A_MARK, B_MARK)


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
    assert to_template(quick_mask(sentence.format(a, b), a, b)) == expected
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
    readings = list(
        interpretations(text, ["Dalteparin", "Heparin", "Heparin sodium"], ["Enoxaparin", "Enoxa"])
    )
    assert [reading.masked for reading in readings] == [
        INCREASES.format(A_MARK, B_MARK),
        INCREASES.format(f"{A_MARK} sodium", B_MARK),
    ]
    assert [reading.rank for reading in readings] == [1, 1]


def test_the_same_word_as_a_primary_name_and_as_the_others_alias():
    readings = templates(
        INCREASES.format("Heparin", "Enoxaparin"), ["Enoxaparin", "Heparin"], ["Heparin", "Enoxaparin"]
    )
    assert readings == [
        (INCREASES.format("{first}", "{second}"), False),  # both primary: the reading that counts
        (INCREASES.format("{first}", "{second}"), True),
    ]


def test_typographic_apostrophes_and_hyphens_are_plain_ones():
    text = DECREASED.format("St. John’s Wort", "Interferon alfa–2a")
    assert templates(text, ["St. John's Wort"], ["Interferon alfa-2a"]) == [
        (DECREASED.format("{first}", "{second}"), True)
    ]


def test_a_sentence_that_names_one_drug_has_no_reading():
    assert templates(DECREASED.format("Axitinib", "something"), ["Axitinib"], ["Voriconazole"]) == []


def test_two_drugs_of_one_name_cannot_be_told_apart():
    assert templates(INCREASES.format("Twin", "Twin"), ["Twin"], ["Twin"]) == []


part = st.text("abcxyzABCéβ0123456789", min_size=1, max_size=6)
name = st.builds(
    lambda parts, joiner: joiner.join(parts),
    st.lists(part, min_size=1, max_size=3),
    st.sampled_from([" ", "-", "'", ", ", " (", "/"]),
)


@given(
    name,
    name,
    st.sampled_from(["", " acid", "-2a", "s"]),
    st.sampled_from([DECREASED, INCREASES]),
    st.booleans(),
)
def test_any_two_names_are_masked_whatever_they_contain(
    a: str, other: str, suffix: str, sentence: str, flipped: bool
):
    """Half of the draws have a name inside the other."""
    b = a + suffix if suffix else other
    words = sentence.format("", "").split()
    assume(a.lower() != b.lower())
    assume(not any(text.lower() in word.lower() for text in (a, b) for word in (*words, sentence)))
    assume(a in b or b not in a)
    first, second = (b, a) if flipped else (a, b)
    expected = (sentence.format("{first}", "{second}"), not flipped)
    text = sentence.format(first, second)
    assert to_template(quick_mask(text, a, b)) == expected
    assert expected in templates(text, [a], [b])
