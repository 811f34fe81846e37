"""Counts and agreement by hand."""

from __future__ import annotations

from mard.schema import Direction, Family, Trace
from mard.teach.candidate import Candidate
from mard.teach.summary import majority_families, summarize
from tests.builders import metabolism_trace, with_answer

METABOLISM = metabolism_trace()
EFFICACY = with_answer(METABOLISM, family=Family.EFFICACY, subtype="therapeutic_efficacy")
ABSTAINING = with_answer(METABOLISM, direction=Direction.NONE, abstain=True)


def candidate(teacher: str, trace: Trace | None) -> Candidate:
    return Candidate("DB00582|DB06626", teacher, 0, 0.3, 1, trace, None if trace else "broken", 10, 2)


def test_the_majority_is_the_most_frequent_family_and_abstention_is_a_vote() -> None:
    found = majority_families(
        [
            candidate("p", EFFICACY),
            candidate("p", METABOLISM),
            candidate("p", METABOLISM),
            candidate("q", ABSTAINING),
            candidate("r", None),
        ]
    )
    assert found == {"p": Family.PK_METABOLISM, "q": None}


def test_a_tie_goes_to_the_name() -> None:
    assert majority_families([candidate("p", METABOLISM), candidate("p", EFFICACY)]) == {"p": Family.EFFICACY}


def test_agreement_is_a_share_of_pairs() -> None:
    summary = summarize(
        [
            [candidate("p", METABOLISM), candidate("q", METABOLISM)],
            [candidate("p", METABOLISM), candidate("q", EFFICACY)],
            [candidate("p", ABSTAINING), candidate("q", None)],
        ]
    )
    assert (summary["pairs"], summary["candidates"]) == (3, 6)
    assert summary["agreement"] == {"p|q": 0.3333}  # the first of three
    assert summary["teachers"]["q"] == {
        "abstentions": 0,
        "candidates": 3,
        "completion_tokens": 6,
        "prompt_tokens": 30,
        "valid": 2,
    }
