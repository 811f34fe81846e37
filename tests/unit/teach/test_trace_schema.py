"""The JSON schema accepts what Trace writes and refuses what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mard.label.taxonomy import load_taxonomy
from mard.schema import Family, Pool, Trace
from mard.teach.backend import Draw
from mard.teach.symbolic.teacher import PRIORITIES, SymbolicTeacher
from mard.teach.trace_schema import trace_schema
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer
from tests.pools import pools


def accepts(trace: Trace, pool: Pool | None) -> bool:
    schema = trace_schema(pool, load_taxonomy())
    Draft202012Validator.check_schema(schema)
    return bool(Draft202012Validator(schema).is_valid(json.loads(trace.to_json())))


def test_a_good_trace_is_accepted_with_and_without_a_pool() -> None:
    assert accepts(metabolism_trace(), voriconazole_axitinib())
    assert accepts(metabolism_trace(), None)


def test_with_a_pool_only_its_own_ids_can_be_cited() -> None:
    trace = metabolism_trace()
    foreign = replace(trace, steps=(replace(trace.steps[0], citations=("A:cyp2d6_inh",)), *trace.steps[1:]))
    assert accepts(foreign, None)
    assert not accepts(foreign, voriconazole_axitinib())


@pytest.mark.parametrize(
    "spoilt",
    [
        replace(metabolism_trace(), steps=metabolism_trace().steps[:2]),
        replace(metabolism_trace(), summary=""),
        with_answer(metabolism_trace(), family=Family.EFFICACY),  # metabolism is no subtype of Efficacy
        with_answer(metabolism_trace(), confidence=1.5),
    ],
)
def test_what_is_not_a_legal_trace_is_refused(spoilt: Trace) -> None:
    assert not accepts(spoilt, None)


def test_keys_come_in_the_order_in_which_a_trace_is_written() -> None:
    schema = trace_schema(None, load_taxonomy())
    data = json.loads(metabolism_trace().to_json())
    assert list(schema["properties"]) == list(data)
    assert list(schema["properties"]["steps"]["items"]["properties"]) == list(data["steps"][0])
    answers = schema["properties"]["final_answer"]["anyOf"]
    assert all(list(branch["properties"]) == list(data["final_answer"]) for branch in answers)


@given(pools(), st.sampled_from(sorted(PRIORITIES)), st.integers(0, 1000))
def test_symbolic_traces_are_always_legal(pool: Pool, teacher: str, seed: int) -> None:
    (candidate,) = SymbolicTeacher(teacher, top_p=1.0).answer([Draw(pool, 0, 1.0, seed)])
    assert candidate.trace is not None
    assert accepts(candidate.trace, pool)
    assert Trace.from_json(candidate.trace.to_json()) == candidate.trace
