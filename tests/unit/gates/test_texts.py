"""Gate 10 finds names and descriptions in what pools show, and looks at what pools really show."""

from __future__ import annotations

import random
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.evidence.store import EvidenceStore
from mard.gates.leakage import GateResult
from mard.gates.texts import evidence_text, shown_texts
from tests.corpora import corpus, drug_id

NAMES = {"DB00002": ["Aspirin", "Acetylsalicylic acid", "AS"], "DB00003": ["Fine"]}
DESCRIBED = "The risk of bleeding can be increased when Warfarin is combined with Aspirin."
SHOWN = {"pair_id": pl.String, "partner": pl.String, "text": pl.String}
TOLD = {"pair_id": pl.String, "description": pl.String}


def judged(
    shown: list[tuple[str, str, str]], names: dict[str, list[str]], told: list[tuple[str, str]]
) -> GateResult:
    return evidence_text(
        pl.DataFrame(shown, schema=SHOWN, orient="row"), names, pl.DataFrame(told, schema=TOLD, orient="row")
    )


def shown_beside_aspirin(*texts: str) -> GateResult:
    """Gate 10 on what warfarin's evidence says in the pool of warfarin and aspirin."""
    pair = "DB00001|DB00002"
    return judged([(pair, "DB00002", text) for text in texts], NAMES, [(pair, DESCRIBED), (pair, DESCRIBED)])


@pytest.mark.parametrize("text", ["Blocks VKOR.", "As with aspirinoids.", "as such, fine", ""])
def test_evidence_text_lets_other_text_pass(text):
    assert shown_beside_aspirin(text).passed


@pytest.mark.parametrize("text", ["Adds to ASPIRIN.", "(acetylsalicylic\n acid)"])
def test_evidence_text_finds_the_partners_name(text):
    result = shown_beside_aspirin("Blocks VKOR.", text)
    assert (result.checked, result.violations) == (2, 1)
    assert "names the partner" in result.examples[0]


def test_evidence_text_finds_the_description_however_it_is_spaced():
    text = f"Note: {DESCRIBED.lower().replace(' ', '  ')} End."
    assert shown_beside_aspirin(text).examples == (
        "DB00001|DB00002: evidence holds the interaction's description",
        "DB00001|DB00002: evidence names the partner (Aspirin)",
    )


def test_a_description_with_line_breaks_is_longer_than_the_text_that_holds_it():
    spread = DESCRIBED.replace(" ", "  \n")
    found = judged([("p", "q", DESCRIBED)], {}, [("p", spread)])
    assert found.examples == ("p: evidence holds the interaction's description",)


def test_an_empty_description_is_in_no_text():
    assert judged([("p", "q", "Blocks VKOR.")], {}, [("p", " ")]).passed


WORDS = ("Abacil", "Bevo", "Bevo acid", "Cir-2", "ACID", "(+)-Dex")
texts = st.lists(st.sampled_from((*WORDS, "blocks", "the", "x", "bevoacid")), max_size=6).map(" ".join)
words = st.lists(st.sampled_from(WORDS), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("uv"), texts), max_size=6),
    st.fixed_dictionaries({"u": words, "v": words}),
    st.lists(st.tuples(st.sampled_from("pq"), texts), max_size=4),
)
def test_texts_read_once_give_what_reading_each_row_gives(shown, names, told):
    def holds(text: str, name: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", text.lower()) is not None

    expected = 0
    for pair, partner, text in shown:
        expected += any(own.strip() and own.lower() in text.lower() for who, own in told if who == pair)
        expected += any(holds(text, name) for name in names[partner])
    result = judged(shown, names, told)
    assert (result.checked, result.violations) == (len(shown), expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_shown_texts_are_the_pools_own(seed):
    draw = random.Random(seed)
    ids = [drug_id(number) for number in range(1, 9)]
    columns = ("pk_flags", "atc", "targets", "enzymes", "transporters", "carriers", "pathways")
    rows = [
        {
            **{column: [] for column in columns},
            "drug_id": own,
            "name": own,
            "half_life_hours": None,
            "half_life_text": draw.choice(("", f"half-life of {own}")),
            "half_life_names": draw.sample(ids, draw.randrange(3)),
            "moa": [f"one of {own}.", f"two of {own}."][: draw.randrange(3)],
            "moa_names": [draw.sample(ids, draw.randrange(3)) for _ in range(2)],
        }
        for own in ids[1:]  # the release says nothing about the first
    ]
    for row in rows:
        row["moa_names"] = row["moa_names"][: len(row["moa"])]
    store = EvidenceStore.from_rows(rows)
    pairs = corpus(8, seed=seed)
    named = [
        (row["drug_id"], partner)
        for row in rows
        for partner in (*row["half_life_names"], *(name for own in row["moa_names"] for name in own))
    ]
    expected = [
        (pair, partner, text)
        for pair, a, b in pairs.select("pair_id", "drug_a", "drug_b").iter_rows()
        for drug, partner in ((a, b), (b, a))
        for text in (store.evidence(drug, partner).moa, store.evidence(drug, partner).half_life_text)
        if text
    ]
    assert sorted(shown_texts(pairs, store, named).rows()) == sorted(expected)
