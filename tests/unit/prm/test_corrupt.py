"""One citation of a good step is spoilt by rule, and the labels follow by the checks' own rule."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.judge.step_labels import step_labels
from mard.prm.corrupt import RULES, Corruptor, cited, other_letter, other_side
from mard.prm.dataset import StepRow
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib

POOL = voriconazole_axitinib()
FOREIGN = ["B:P35372", "nbr:DB00001|DB00002"]


def row(key: str = "p t 0") -> StepRow:
    trace = metabolism_trace()
    return StepRow("p", key, "prompt", trace, step_labels(trace, POOL, METABOLISM_DOWN))


def corruptor(seed: int = 0) -> Corruptor:
    return Corruptor(lambda _: POOL, {"p": METABOLISM_DOWN}, FOREIGN, seed)


@given(st.integers(0, 500))
def test_exactly_one_citation_is_spoilt_and_only_its_step_turns_to_minus(seed: int) -> None:
    found = corruptor(seed).corrupt(row())
    assert found is not None
    old, new = metabolism_trace(), found.row.trace
    assert (new.summary, new.final_answer) == (old.summary, old.final_answer)
    pairs = [
        (before, after)
        for one, other in zip(old.steps, new.steps, strict=True)
        for before, after in zip(one.citations, other.citations, strict=True)
        if before != after
    ]
    ((before, after),) = pairs
    assert before in POOL.citations
    assert after not in POOL.citations
    assert found.row.labels == step_labels(new, POOL, METABOLISM_DOWN)
    assert [place for place, label in enumerate(found.row.labels) if not label] == [found.step]


def test_every_rule_is_used() -> None:
    found = [corruptor(seed).corrupt(row()) for seed in range(40)]
    assert {one.rule for one in found if one is not None} == set(RULES)


def test_a_letter_is_changed_to_its_like() -> None:
    for seed in range(30):
        spoilt = other_letter("A:P08684", [], Random(seed))
        assert spoilt[:2] == "A:"
        assert sum(a != b for a, b in zip(spoilt, "A:P08684", strict=True)) == 1
        assert spoilt[2].isupper()
        assert spoilt[3:].isdigit()


def test_the_other_side() -> None:
    assert other_side("A:cyp3a4_inh", [], Random(0)) == "B:cyp3a4_inh"
    assert other_side("pair:atc_depth", [], Random(0)) == "pair:atc_depth"


def test_a_row_without_a_good_citation_is_left_alone() -> None:
    bad = replace(row(), labels=(False,) * 5)
    assert corruptor().corrupt(bad) is None
    assert list(corruptor().replace_share([bad], 1.0)) == [bad]


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.25, 15, 85), (1.0, 200, 200)])
def test_a_share_of_rows_is_replaced_whatever_else_there_is(share: float, low: int, high: int) -> None:
    rows = [row(f"p t {number}") for number in range(200)]
    made = list(corruptor().replace_share(rows, share))
    spoilt = [one != other for one, other in zip(rows, made, strict=True)]
    assert low <= sum(spoilt) <= high
    assert list(corruptor().replace_share(rows[::-1], share)) == made[::-1]


def test_the_ids_that_rows_cite() -> None:
    assert cited([row()]) == ["A:cyp3a4_inh", "B:P08684", "B:cyp3a4_sub", "nbr:DB00582|DB11679"]
