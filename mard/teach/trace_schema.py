"""The JSON schema of a trace, for servers that constrain their output to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MIN_STEPS, Direction, Family, Polarity, Pool, StepRole

CLAIM_CHARACTERS: Final = 300
SUMMARY_CHARACTERS: Final = 800
CITATIONS_PER_STEP: Final = 8


def trace_schema(pool: Pool | None, taxonomy: Taxonomy) -> dict[str, Any]:
    """The schema of :func:`citing_schema` for a pool's citations; without a pool, for any."""
    return citing_schema(None if pool is None else sorted(pool.citations), taxonomy)


def citing_schema(
    citations: Sequence[str] | None, taxonomy: Taxonomy, answer: Literal["last", "first"] = "last"
) -> dict[str, Any]:
    """JSON schema of :meth:`mard.schema.Trace.to_json`, keys in its order.

    A family only comes with its own subtypes. A citation is one of ``citations``, so that a constrained
    answer cannot cite what is not there; without them it is any text.

    Args:
        citations: What may be cited.
        taxonomy: The subtypes.
        answer: Whether the final answer comes after steps and summary, or before them.
    """
    citation = {"type": "string"} if citations is None else {"type": "string", "enum": list(citations)}
    step = _object(
        step={"type": "integer", "minimum": 1, "maximum": MAX_STEPS},
        role={"type": "string", "enum": list(map(str, StepRole))},
        claim={"type": "string", "minLength": 1, "maxLength": CLAIM_CHARACTERS},
        citations={"type": "array", "items": citation, "maxItems": CITATIONS_PER_STEP},
    )
    final = {"final_answer": {"anyOf": [_final_answer(family, taxonomy) for family in Family]}}
    told = {
        "steps": {"type": "array", "items": step, "minItems": MIN_STEPS, "maxItems": MAX_STEPS},
        "summary": {"type": "string", "minLength": 1, "maxLength": SUMMARY_CHARACTERS},
    }
    return _object(**(told | final if answer == "last" else final | told))


def _final_answer(family: Family, taxonomy: Taxonomy) -> dict[str, Any]:
    return _object(
        family={"type": "string", "enum": [str(family)]},
        subtype={"type": "string", "enum": list(taxonomy.subtypes(family))},
        direction={"type": "string", "enum": list(map(str, Direction))},
        polarity={"type": "string", "enum": list(map(str, Polarity))},
        confidence={"type": "number", "minimum": 0, "maximum": 1},
        abstain={"type": "boolean"},
    )


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
