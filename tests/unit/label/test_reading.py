from __future__ import annotations

import csv
import re
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mard.label.masking import A_MARK, B_MARK, to_template
from mard.label.reading import (
    AMBIGUOUS_NAMES,
    NAMES_NOT_FOUND,
    NO_TEMPLATE,
    UNREAD,
    CodeBook,
    LabelRow,
    SentenceReader,
)
from mard.label.taxonomy import load_taxonomy
from mard.label.templates import classify
from tests.names import drug_names

TAXONOMY = load_taxonomy()
A, B = "DB00001", "DB00002"
INCREASES = "{} may increase the sedative activities of {}."
RISK = "The risk or severity of {} can be increased when {} is combined with {}."

with Path(__file__).with_name("templates.tsv").open(encoding="utf-8", newline="") as lines:
    TEMPLATES = [row["template"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]

Outcome = tuple[str, str, str, str] | str


def read_all(sentences: list[str], names_a: list[str], names_b: list[str]) -> list[Outcome]:
    """The label of each sentence about A and B, or why it has none."""
    drugs = pl.DataFrame(
        {"drug_id": [A, B], "name": [names_a[0], names_b[0]], "aliases": [names_a[1:], names_b[1:]]},
        schema_overrides={"aliases": pl.List(pl.String)},
    )
    listing = {"pair_id": f"{A}|{B}", "drug_a": A, "drug_b": B, "listed_by": A}
    reader = SentenceReader(drugs, TAXONOMY)
    batch = reader.read(pl.DataFrame([{**listing, "description": text} for text in sentences]))
    reasons = iter(batch.unmatched["reason"])
    return [next(reasons) if code == UNREAD else said(reader.book.rows[code]) for code in batch.codes]


def read(sentence: str, names_a: list[str], names_b: list[str]) -> Outcome:
    return read_all([sentence], names_a, names_b)[0]


def said(row: LabelRow) -> Outcome:
    return row.family, row.raw_subtype, row.direction, row.polarity


def cascade(sentence: str, a: str, b: str) -> Outcome | None:
    """The plain way: both names masked on word boundaries, the longer first, then every rule in turn."""
    for name, mark in sorted(((a, A_MARK), (b, B_MARK)), key=lambda item: -len(item[0].encode())):
        sentence = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", mark, sentence)
    template, first_is_a = to_template(sentence)
    label = classify(template)
    if label is None:
        return None
    direction = label.order.direction(first_is_a=first_is_a)
    return str(label.family), label.raw_subtype, str(direction), str(label.polarity)


def told(template: str, first: str, second: str) -> str:
    return template.format(first=first, second=second)


ADVERSARIAL = [
    ("Risk", "Severity"),
    ("risk", "severity"),
    ("The", "can be"),
    ("Iron", "environment"),
    ("Oxygen", "Activity"),
    ("activities", "Combined"),
    ("combined", "with"),
    ("Metformin", "Metformin hydrochloride"),
    ("Insulin", "Insulin human"),
    ("Metformin", "Met"),
    ("may", "May"),
    ("a", "to a"),
    ("is combined", "x"),
    ("x", "x."),
    ("x", "x x"),
    ("C+", "C++"),
    (".*", "(?P<x>"),
    ("β", "β-Carotene"),
    ("{first}", "{second}"),
    ("{second}", "{first}"),
]


@pytest.mark.parametrize(("a", "b"), [*ADVERSARIAL, *((b, a) for a, b in ADVERSARIAL)], ids=str)
def test_every_template_with_every_nasty_pair_of_names_reads_as_the_plain_cascade_does(a: str, b: str):
    sentences = [told(template, a, b) for template in TEMPLATES]
    expected = [cascade(sentence, a, b) for sentence in sentences]
    assert any(label is not None for label in expected)
    for label, outcome in zip(expected, read_all(sentences, [a], [b]), strict=True):
        assert outcome == label or label is None


@settings(max_examples=500)
@given(drug_names, drug_names, st.sampled_from(TEMPLATES), st.booleans())
@example("Iron", "environment", "The risk or severity of environment can be increased.", False)
def test_where_the_plain_cascade_reads_a_label_it_is_the_same(a: str, b: str, template: str, flipped: bool):
    """The kernel and, where it misses, the readings: no difference to masking on word boundaries."""
    sentence = told(template, b, a) if flipped else told(template, a, b)
    expected = cascade(sentence, a, b)
    if expected is not None and a != b:
        assert read(sentence, [a], [b]) == expected


@settings(max_examples=300)
@given(drug_names, drug_names, st.sampled_from(TEMPLATES))
def test_what_the_kernel_reads_is_the_most_literal_reading(a: str, b: str, template: str):
    """Why the kernel may ignore word boundaries: where a rule fits its masks, the boundaries hold."""
    sentence = told(template, a, b)
    quick = sentence
    for name, mark in sorted(((a, A_MARK), (b, B_MARK)), key=lambda item: -len(item[0].encode())):
        quick = quick.replace(name, mark)
    book = CodeBook(TAXONOMY)
    row = book.row(quick)
    if row is not None and a != b:
        assert cascade(sentence, a, b) == said(row)


@settings(max_examples=300)
@given(drug_names, drug_names, drug_names, st.sampled_from(TEMPLATES))
def test_names_that_are_part_of_nothing_else_give_the_label_back(a: str, b: str, alias: str, template: str):
    """B goes by an alias."""
    texts = [text.casefold().replace("β", "beta").replace("α", "alpha") for text in (a, b, alias, template)]
    assume(not any(one in other for one, other in permutations(texts, 2)))
    label = classify(template)
    assert label is not None
    direction = str(label.order.direction(first_is_a=True))
    expected = (str(label.family), label.raw_subtype, direction, str(label.polarity))
    assert read(told(template, a, alias), [a], [b, alias]) == expected


def test_names_inside_words_and_words_of_the_grammar():
    assert read(INCREASES.format("Iron", "environment"), ["Iron"], ["environment"])[2] == "a_to_b"
    assert read(RISK.format("hypertension", "tension", "Risk"), ["tension"], ["Risk"])[1] == "hypertension"
    assert read(INCREASES.format("Activity", "Oxygen"), ["Oxygen"], ["Activity"])[2] == "b_to_a"


def test_a_drug_called_as_the_risk_is():
    assert read(RISK.format("bleeding", "bleeding", "Aspirin"), ["bleeding"], ["Aspirin"]) == (
        "AdverseRisk",
        "bleeding",
        "bidirectional",
        "up",
    )


def test_a_drug_that_is_also_the_named_metabolite():
    sentence = (
        "The serum concentration of Morphine, an active metabolite of Codeine, can be decreased"
        " when used in combination with Morphine."
    )
    expected = ("PK_Distribution", "active_metabolite_concentration", "a_to_b", "down")
    assert read(sentence, ["Morphine"], ["Codeine"]) == expected


def test_a_name_shared_by_both_drugs_matters_only_where_there_is_a_direction():
    both = ["Alpha", "Shared"], ["Bet", "Shared"]
    assert read(RISK.format("bleeding", "Shared", "Shared"), *both)[2] == "bidirectional"
    assert read(INCREASES.format("Shared", "Shared"), *both) == AMBIGUOUS_NAMES
    assert read(INCREASES.format("Shared", "Bet"), *both)[2] == "a_to_b"
    assert read(INCREASES.format("Twin", "Twin"), ["Twin"], ["Twin"]) == AMBIGUOUS_NAMES


def test_names_that_differ_in_case_alone():
    assert read(INCREASES.format("bet", "Bet"), ["Bet"], ["bet"])[2] == "b_to_a"
    assert read(INCREASES.format("BET", "Bet"), ["Bet"], ["bet"])[2] == "b_to_a"
    assert read(INCREASES.format("BET", "beT"), ["Bet"], ["bet"]) == AMBIGUOUS_NAMES


SALTS = ["Metformin", "Metformin hydrochloride", "Metformin HCl"]


@pytest.mark.parametrize("name", [*SALTS, "metformin hydrochloride", "METFORMIN HCL"])
def test_salts_of_a_drug_and_a_drug_named_as_the_salt_of_another(name: str):
    assert read(INCREASES.format(name, "Alogliptin"), SALTS, ["Alogliptin"])[2] == "a_to_b"
    assert read(INCREASES.format("Metformin", "Metformin sodium"), SALTS, ["Metformin sodium"])[2] == "a_to_b"


def test_why_a_sentence_has_no_label():
    assert read(INCREASES.format("Aspirin", "Something"), ["Aspirin"], ["Heparin"]) == NAMES_NOT_FOUND
    assert read("Aspirin and Heparin should not meet.", ["Aspirin"], ["Heparin"]) == NO_TEMPLATE


def test_codes_follow_appearance_and_equal_rows_share_one():
    drugs = pl.DataFrame(
        {"drug_id": ["DB00002", "DB00001"], "name": ["Bet", "Alpha"], "aliases": [["Beta"], []]},
        schema_overrides={"aliases": pl.List(pl.String)},
    )
    sentences = [
        INCREASES.format("Alpha", "Bet"),
        INCREASES.format("Bet", "Alpha"),
        INCREASES.format("Alpha", "Beta"),
        "Alpha, Bet.",
    ]
    listings = {"pair_id": f"{A}|{B}", "drug_a": A, "drug_b": B, "listed_by": B, "description": sentences}
    reader = SentenceReader(drugs, TAXONOMY)
    batch = reader.read(pl.DataFrame(listings))
    assert reader.drug_ids.to_list() == [A, B]
    assert (batch.a.tolist(), batch.b.tolist()) == ([0] * 4, [1] * 4)
    assert batch.codes.tolist() == [0, 1, 0, UNREAD]
    assert [row.direction for row in reader.book.rows] == ["a_to_b", "b_to_a"]
    again = reader.read(pl.DataFrame(listings)[1:])
    assert again.codes.tolist() == [1, 0, UNREAD]
