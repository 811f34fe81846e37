from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mard.evidence.excerpts import NameIndex, excerpt, sentences

TEXT = "Blocks COX-1 [A123, L4].\nAt 0.5 mg it\r\nhelps. Ends (fast)."


def test_sentences_are_plain_and_keep_decimals():
    assert sentences(TEXT) == ["Blocks COX-1.", "At 0.5 mg it helps.", "Ends (fast)."]


def test_an_excerpt_ends_with_a_sentence():
    # 13 characters, a space, 19 characters: 33 are needed for two sentences
    assert excerpt(TEXT, 33) == ["Blocks COX-1.", "At 0.5 mg it helps."]
    assert excerpt(TEXT, 32) == ["Blocks COX-1."]


def test_a_long_first_sentence_is_cut_between_words():
    assert excerpt("Inhibits the enzyme strongly.", 20) == ["Inhibits the..."]
    assert excerpt(TEXT, 0) == []
    assert excerpt("", 10) == []


@given(st.text(alphabet="ab. A", max_size=80), st.integers(0, 40))
def test_an_excerpt_fits(text, room):
    assert len(" ".join(excerpt(text, room))) <= room


def test_names_and_aliases_are_found_in_any_case_and_punctuation():
    names = [("DB1", "St. John's Wort"), ("DB2", "Acetylsalicylic acid"), ("DB2", "Aspirin"), ("DB3", "5-FU")]
    index = NameIndex.build(names)
    assert index.named_in("With ASPIRIN or St John's wort.") == ["DB1", "DB2"]
    assert index.named_in("Aspirins; acid; 5-fu") == ["DB3"]
    assert index.named_in("acetylsalicylic-acid") == ["DB2"]


def test_one_name_can_mean_two_drugs_and_a_very_short_one_means_none():
    index = NameIndex.build([("DB1", "Insulin"), ("DB2", "insulin"), ("DB3", "In")])
    assert index.named_in("insulin in water") == ["DB1", "DB2"]
