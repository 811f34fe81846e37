"""Traces found in what language models write around them."""

from __future__ import annotations

import pytest

from mard.errors import SchemaViolation
from mard.teach.answer import parse_answer
from tests.builders import metabolism_trace

JSON = metabolism_trace().to_json()


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"Here is the trace:\n{JSON}\nI hope this helps.",
        f"<think>Is it {{PK}}? {{'no': 1}}</think>\n{JSON}",
        f"The block was opened by the template {{}} </think>{JSON}",
        f"<THINK>a</THINK><think>b\nc</think>{JSON}",
    ],
)
def test_the_trace_is_found(text: str) -> None:
    assert parse_answer(text) == metabolism_trace()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON object"),
        ("I cannot answer.", "no JSON object"),
        ("} {", "no JSON object"),
        (f"<think>{JSON}", "within its think block"),
        (JSON[: len(JSON) // 2], "not JSON"),
        ('{"answer": 1}', "missing keys"),
        (JSON.replace("pk_flag", "hunch"), "hunch"),
    ],
)
def test_what_is_not_a_trace_says_why(text: str, problem: str) -> None:
    with pytest.raises(SchemaViolation, match=problem):
        parse_answer(text)
