from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.label.kernel import Texts, mask_names
from mard.label.masking import A_MARK, B_MARK
from tests.names import drug_names


def masked(sentences: list[str], a: list[str], b: list[str]) -> list[str]:
    """What the kernel makes of sentences about drugs of these names."""
    names = Texts.of(pl.Series([*a, *b], dtype=pl.String))
    rows = np.arange(len(a), dtype=np.int32)
    found = mask_names(pl.Series(sentences, dtype=pl.String), names, rows, rows + np.int32(len(a)))
    found.validate(full=True)
    return found.to_pylist()


def plainly(sentence: str, a: str, b: str) -> str:
    """The same, character by character."""
    (long, long_mark), (short, short_mark) = sorted(
        ((a, A_MARK), (b, B_MARK)), key=lambda item: -len(item[0].encode())
    )
    out, place = "", 0
    while place < len(sentence):
        if long and sentence.startswith(long, place):
            out, place = out + long_mark, place + len(long)
        elif short and sentence.startswith(short, place):
            out, place = out + short_mark, place + len(short)
        else:
            out, place = out + sentence[place], place + 1
    return out


SENTENCES = [
    ("Insulin human on Insulin.", "Insulin", "Insulin human", f"{B_MARK} on {A_MARK}."),
    ("Insulin human on Insulin.", "Insulin human", "Insulin", f"{A_MARK} on {B_MARK}."),
    ("β-Carotene and β.", "β", "β-Carotene", f"{B_MARK} and {A_MARK}."),
    ("Tetracycline, Tetra", "Tetra", "cycline", f"{A_MARK}{B_MARK}, {A_MARK}"),
    ("aaa aa", "aa", "bb", f"{A_MARK}a {A_MARK}"),
    ("Iron in the environment", "Iron", "iron", f"{A_MARK} in the env{B_MARK}ment"),
    ("C++ and C+", "C+", "C++", f"{B_MARK} and {A_MARK}"),
    ("one of two", "", "one of two drugs", "one of two"),
    ("Twin Twin", "Twin", "Twin", f"{A_MARK} {A_MARK}"),
    ("", "A", "B", ""),
]


@pytest.mark.parametrize(("sentence", "a", "b", "expected"), SENTENCES, ids=[row[0] for row in SENTENCES])
def test_names_letter_for_letter_the_longer_one_where_both_begin(
    sentence: str, a: str, b: str, expected: str
):
    assert masked([sentence], [a], [b]) == [expected] == [plainly(sentence, a, b)]


def test_a_whole_column_at_once():
    sentences, a, b, expected = map(list, zip(*SENTENCES, strict=True))
    assert masked(sentences, a, b) == expected


def test_no_sentences_and_no_names():
    assert masked([], [], []) == []
    assert masked(["alone"], [""], [""]) == ["alone"]


def test_a_slice_of_a_column_in_pieces():
    column = pl.concat([pl.Series(["x", "Aspirin"]), pl.Series(["on Heparin", "Aspirin too"])], rechunk=False)
    names = Texts.of(pl.Series(["none", "Aspirin", "Heparin"])[1:])
    rows = np.zeros(3, dtype=np.int32)
    assert mask_names(column[1:], names, rows, rows + 1).to_pylist() == [
        A_MARK,
        f"on {B_MARK}",
        f"{A_MARK} too",
    ]


@settings(max_examples=300)
@given(drug_names, drug_names, st.lists(st.sampled_from([" may increase ", "of ", ".", "{a}", "{b}", "ßx"])))
def test_any_text_and_names(a: str, b: str, parts: list[str]):
    sentence = "".join(parts).replace("{a}", a).replace("{b}", b)
    assert masked([sentence], [a], [b]) == [plainly(sentence, a, b)]
