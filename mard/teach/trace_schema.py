"""The JSON schema of a trace, for servers that constrain their output to one."""

from __future__ import annotations

from typing import Any, Final

from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MIN_STEPS, Direction, Family, Polarity, Pool, StepRole

CLAIM_CHARACTERS: Final = 300
SUMMARY_CHARACTERS: Final = 800
CITATIONS_PER_STEP: Final = 8


def trace_schema(pool: Pool | None, taxonomy: Taxonomy) -> dict[str, Any]:
    """JSON schema of :meth:`mard.schema.Trace.to_json`, keys in its order.

    A family only comes with its own subtypes. With a pool, a citation is one of the pool's ids, so
    that a constrained answer cannot cite what is not there; without, it is any text.
    """
    citation = {"type": "string"} if pool is None else {"type": "string", "enum": sorted(pool.citations)}
    step = _object(
        step={"type": "integer", "minimum": 1, "maximum": MAX_STEPS},
        role={"type": "string", "enum": list(map(str, StepRole))},
        claim={"type": "string", "minLength": 1, "maxLength": CLAIM_CHARACTERS},
        citations={"type": "array", "items": citation, "maxItems": CITATIONS_PER_STEP},
    )
    return _object(
        steps={"type": "array", "items": step, "minItems": MIN_STEPS, "maxItems": MAX_STEPS},
        summary={"type": "string", "minLength": 1, "maxLength": SUMMARY_CHARACTERS},
        final_answer={"anyOf": [_final_answer(family, taxonomy) for family in Family]},
    )


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
