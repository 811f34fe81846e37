"""Pairs are canonical, pools list what can be cited, traces are refused for a named reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mard.errors import InputError, SchemaViolation, SelfPair
from mard.schema import DrugEvidence, PairId, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib


def test_pair_is_canonical_whatever_the_order() -> None:
    assert str(PairId.of("DB06626", "DB00582")) == "DB00582|DB06626" == str(PairId.parse("DB00582|DB06626"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DB06626|DB00582", "canonical order"),
        ("DB00582", "not a pair id"),
        ("DB00582|", "not a pair id"),
        ("db00582|DB06626", "not a pair id"),
        ("DB00582|DB06626|DB00001", "not a pair id"),
    ],
)
def test_bad_pair_ids_say_why(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        PairId.parse(text)


def test_self_pair_is_refused() -> None:
    with pytest.raises(SelfPair, match="DB00582 is paired with itself"):
        PairId.of("DB00582", "DB00582")


def test_pool_citations_are_exactly_what_the_drugs_pair_and_neighbours_offer() -> None:
    assert voriconazole_axitinib().citations == {
        *("A:cyp2c19_inh", "A:cyp2c19_sub", "A:cyp3a4_inh", "A:ATC:J02AC03"),
        *("A:P08684", "A:P33261", "A:half_life", "A:moa"),
        *("B:cyp3a4_sub", "B:ATC:L01EK01", "B:P35968", "B:P08684", "B:half_life"),
        *("pair:pathway_jaccard", "pair:protein_jaccard", "pair:atc_depth", "pair:smiles_tanimoto"),
        "nbr:DB00582|DB11679",
    }


def test_a_drug_without_facts_offers_nothing() -> None:
    assert DrugEvidence("DB99999", "Unknownine").citations == frozenset()


def test_trace_round_trips_through_its_one_textual_form() -> None:
    trace = metabolism_trace()
    text = trace.to_json()
    assert Trace.from_json(text) == trace
    assert list(json.loads(text)) == ["steps", "summary", "final_answer"]


def _broken(**changes: Any) -> str:
    data = json.loads(metabolism_trace().to_json())
    for path, value in changes.items():
        target: Any = data
        *parents, last = [int(key) if key.isdigit() else key for key in path.split("__")]
        for key in parents:
            target = target[key]
        if value is DELETE:
            del target[last]
        else:
            target[last] = value
    return json.dumps(data)


DELETE = object()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "not JSON"),
        ("[]", "trace: expected an object"),
        (_broken(summary=DELETE), r"missing keys \['summary'\]"),
        (_broken(extra=1), r"unexpected keys \['extra'\]"),
        (_broken(steps=[]), "expected 3 to 8, got 0"),
        (_broken(steps__1__step=5), "step 2: numbered 5, expected 2"),
        (_broken(steps__0__role="guess"), "step 1.role: 'guess' is none of"),
        (_broken(steps__0__citations="A:moa"), "step 1.citations: expected a list of texts"),
        (_broken(steps__2__claim=3), "step 3.claim: expected text"),
        (_broken(final_answer__family="PK"), "final_answer.family: 'PK' is none of"),
        (_broken(final_answer__direction="forward"), "final_answer.direction"),
        (_broken(final_answer__confidence=1.5), r"expected a number in \[0, 1\], got 1.5"),
        (_broken(final_answer__confidence=True), "final_answer.confidence"),
        (_broken(final_answer__abstain="no"), "final_answer.abstain"),
    ],
)
def test_a_malformed_trace_names_the_field(text: str, reason: str) -> None:
    with pytest.raises(SchemaViolation, match=reason):
        Trace.from_json(text)
