"""What the gates' findings mean: rows for a report, and a stop where there are violations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from mard.errors import GateFailure
from mard.gates.leakage import GateResult


def to_rows(results: Iterable[GateResult]) -> list[dict[str, Any]]:
    """Results as JSON rows, in the order given."""
    return [{**asdict(result), "examples": list(result.examples)} for result in results]


def enforce(results: Sequence[GateResult]) -> None:
    """Stop if a gate found violations.

    Raises:
        GateFailure: Of the first gate that fails, naming the protocol and examples.
    """
    for result in results:
        if not result.passed:
            raise GateFailure(result.gate, result.protocol, result.violations, result.examples)
