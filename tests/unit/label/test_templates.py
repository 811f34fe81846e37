from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.label.templates import Order, TemplateLabel, classify, slug
from mard.schema import Direction, Family, Polarity

FOLDER = Path(__file__).parent


def listed(file: str = "templates.tsv") -> list[dict[str, str]]:
    with (FOLDER / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def as_row(label: TemplateLabel | None) -> tuple[str, str, str, str] | None:
    return label and (str(label.family), label.raw_subtype, str(label.order), str(label.polarity))


def test_all_190_real_templates_give_their_listed_label():
    rows = listed()
    assert len(rows) == 190
    for row in rows:
        expected = (row["family"], row["subtype"], row["direction"], row["polarity"])
        assert as_row(classify(row["template"])) == expected, row["template"]


UNSEEN = [
    (
        "{first} may decrease the sedative and stimulatory activities of {second}.",
        ("PD_Activity", "sedative_and_stimulatory", "first_to_second", "down"),
    ),
    (
        "{first} may increase the antipsychotic activity of {second}.",
        ("PD_Activity", "antipsychotic", "first_to_second", "up"),
    ),
    (
        "The risk or severity of hiccups, nausea, and 5-HT overload can be decreased"
        " when {first} is combined with {second}.",
        ("AdverseRisk", "hiccups_nausea_and_5_ht_overload", "bidirectional", "down"),
    ),
    (
        "The risk of a serious skin reaction to {first} is increased when it is combined with {second}.",
        ("AdverseRisk", "serious_skin_reaction", "second_to_first", "up"),
    ),
    (
        "The risk or severity of resistance to infection can be increased"
        " when {first} is combined with {second}.",
        ("AdverseRisk", "resistance_to_infection", "bidirectional", "up"),
    ),
    (
        "The serum concentration of morphine, an active metabolite of {first}, can be decreased"
        " when used in combination with {second}.",
        ("PK_Distribution", "active_metabolite_concentration", "second_to_first", "down"),
    ),
    (
        "The serum concentration of the active metabolites of {first} can be increased"
        " when {first} is combined with {second}.",
        ("PK_Distribution", "active_metabolite_concentration", "second_to_first", "up"),
    ),
    (
        "{first} may increase effectiveness of {second} as a diagnostic agent.",
        ("Efficacy", "diagnostic_effectiveness", "first_to_second", "up"),
    ),
    (
        "The bioavailability of {first} can be reduced when it is combined with {second}.",
        ("PK_Absorption", "bioavailability", "second_to_first", "down"),
    ),
    # The next five were held out, were missed, and taught the rules: they are held out no more.
    (
        "{first} may decrease the excretion rate of {second}, which could result in a higher serum level.",
        ("PK_Excretion", "excretion", "first_to_second", "down"),
    ),
    (
        "{first} may decrease the effectiveness of {second} as an imaging agent.",
        ("Efficacy", "diagnostic_effectiveness", "first_to_second", "down"),
    ),
    (
        "The excretion rate of {first} can be decreased when combined with {second}.",
        ("PK_Excretion", "excretion", "second_to_first", "down"),
    ),
    (
        "The effectiveness of {first} as a diagnostic agent can be decreased when used"
        " in combination with {second}.",
        ("Efficacy", "diagnostic_effectiveness", "second_to_first", "down"),
    ),
    (
        "The serum concentration of the active metabolites of {first} can be decreased"
        " when {first} is used in combination with {second}, resulting in a loss in efficacy.",
        ("PK_Distribution", "active_metabolite_concentration", "second_to_first", "down"),
    ),
]


@pytest.mark.parametrize(("template", "expected"), UNSEEN, ids=str)
def test_unseen_templates_of_the_same_grammar(template: str, expected: tuple[str, str, str, str]):
    assert as_row(classify(template)) == expected


def test_templates_that_no_rule_was_written_for():
    """In the grammar's wording, labelled by hand before any rule was tried on them; none is among the 190.

    On that first try 63 of 68 came out right. The five misses moved to the list above, so the file now
    guards against a relapse and no longer measures anything.
    """
    rows = listed("held_out_templates.tsv")
    assert len(rows) == 63
    assert not {row["template"] for row in rows} & {row["template"] for row in listed()}
    for row in rows:
        expected = (row["family"], row["subtype"], row["direction"], row["polarity"])
        assert as_row(classify(row["template"])) == expected, row["template"]


FOREIGN = [
    "{first} should be avoided with {second}.",
    "The metabolism of {first} can be decreased.",
    "The metabolism of {first} sodium can be decreased when combined with {second}.",
    "The metabolism of pro{first} can be decreased when combined with {second}.",
    "The metabolism of {second} can be decreased when combined with {first}.",
    "{first} may increase the {second} activities of {second}.",
    "{first} may increase the !! activities of {second}.",
    "{first} may alter the sedative activities of {second}.",
    "See also: {first} may increase the sedative activities of {second}.",
    "",
]


@pytest.mark.parametrize("template", FOREIGN)
def test_a_template_of_no_rule_has_no_label(template: str):
    assert classify(template) is None


words = st.lists(st.text("abcdefghijklmnopqrstuvwxyzQT-'", min_size=1, max_size=9), min_size=1, max_size=4)


@given(words, st.sampled_from([("increase", Polarity.UP), ("decrease", Polarity.DOWN)]))
def test_any_activity_is_its_own_subtype(phrase: list[str], change: tuple[str, Polarity]):
    activity = " ".join(phrase)
    label = classify(f"{{first}} may {change[0]} the {activity} activities of {{second}}.")
    if not slug(activity):
        assert label is None
    else:
        assert label == TemplateLabel(Family.PD_ACTIVITY, slug(activity), Order.FIRST_TO_SECOND, change[1])


def test_direction_follows_which_drug_the_sentence_names_first():
    assert Order.FIRST_TO_SECOND.direction(first_is_a=True) is Direction.A_TO_B
    assert Order.FIRST_TO_SECOND.direction(first_is_a=False) is Direction.B_TO_A
    assert Order.SECOND_TO_FIRST.direction(first_is_a=True) is Direction.B_TO_A
    assert Order.SECOND_TO_FIRST.direction(first_is_a=False) is Direction.A_TO_B
    assert Order.BIDIRECTIONAL.direction(first_is_a=False) is Direction.BIDIRECTIONAL
