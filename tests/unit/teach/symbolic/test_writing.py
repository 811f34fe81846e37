"""Traces say what they are meant to say, in the judges' own reading."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge import lexicon
from mard.label.taxonomy import load_taxonomy
from mard.schema import Direction, Family, Label, Polarity
from mard.teach.symbolic.hypotheses import UNNAMED_RISK, Hypothesis
from mard.teach.symbolic.writing import effect_claims, quantity, write_trace
from tests.builders import METABOLISM_DOWN, voriconazole_axitinib
from tests.pools import labels

ALL_LABELS = [
    Label(family, subtype, direction, polarity)
    for family in Family
    for subtype in load_taxonomy().subtypes(family)
    for direction in (Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL)
    for polarity in Polarity
]


def test_the_judges_read_every_effect_of_every_label_as_it_was_meant() -> None:
    misread = [
        (label, claim)
        for label in ALL_LABELS
        for claim in effect_claims(label)
        for reading in (lexicon.read(claim),)
        if (reading.families, reading.directions, reading.effects)
        != ({label.family}, {label.direction}, {(label.family, label.polarity)})
    ]
    assert misread == []


def test_effects_are_short_enough_for_a_small_student() -> None:
    longest = max(
        (claim for label in ALL_LABELS for claim in effect_claims(label)), key=lambda c: len(c.split())
    )
    assert len(longest.split()) <= 20, longest


@pytest.mark.parametrize(
    ("family", "subtype", "words"),
    [
        (Family.PK_DISTRIBUTION, "serum_concentration", "the serum concentration"),
        (Family.ADVERSE_RISK, "bleeding", "the risk of bleeding"),
        (Family.PD_ACTIVITY, "hypotensive", "the hypotensive activities"),
        (
            Family.PD_ACTIVITY,
            "central_nervous_system_depressant_cns_depressant",
            "the CNS depressant activities",
        ),
    ],
)
def test_quantities_in_words(family: Family, subtype: str, words: str) -> None:
    assert quantity(Label(family, subtype, Direction.A_TO_B, Polarity.UP)) == words


def test_a_guess_without_argument_says_what_is_missing() -> None:
    pool = voriconazole_axitinib()
    pool = replace(pool, pair=replace(pool.pair, protein_jaccard=0.0))
    trace = write_trace(pool, Hypothesis(UNNAMED_RISK, 0.5, ()), UNNAMED_RISK, 0.3, Random(1))
    assert [step.role for step in trace.steps] == ["evidence_gap", "direction", "conclusion"]
    assert trace.summary == "Drug A and Drug B increase the risk of adverse effects."


def test_an_abstention_keeps_a_best_guess_and_names_no_direction() -> None:
    trace = write_trace(voriconazole_axitinib(), Hypothesis(None, 1.0, ()), METABOLISM_DOWN, 0.4, Random(1))
    answer = trace.final_answer
    assert (answer.abstain, answer.direction, answer.family) == (True, Direction.NONE, Family.PK_METABOLISM)
    assert trace.steps[-2].role == "abstention"


@given(labels(), st.integers(0, 100))
def test_the_summary_says_what_the_answer_says(label: Label, seed: int) -> None:
    pool = voriconazole_axitinib()
    trace = write_trace(pool, Hypothesis(label, 1.0, ()), label, 0.5, Random(seed))
    told = lexicon.read(trace.summary)
    assert (told.families, told.directions) == ({label.family}, {label.direction})
