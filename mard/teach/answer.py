"""From the text that a language model returned to a trace."""

from __future__ import annotations

import re
from typing import Final

from mard.errors import SchemaViolation
from mard.schema import Trace

_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHT: Final = "</think>"


def parse_answer(text: str) -> Trace:
    """Find and check the trace in an answer: think blocks, code fences and chatter around it are dropped.

    Raises:
        SchemaViolation: There is no JSON object, or it is not a trace.
    """
    answer = _THOUGHT.sub("", text)
    # A reasoning model's template may open the block itself, so that only its end is in the answer.
    answer = answer.rpartition(_END_OF_THOUGHT)[2]
    if "<think>" in answer.lower():
        raise SchemaViolation("the answer ends within its think block")
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        raise SchemaViolation("no JSON object in the answer")
    return Trace.from_json(answer[start : end + 1])
