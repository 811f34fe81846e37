"""Rows that survive JSON, and seeds that depend on their place alone."""

from __future__ import annotations

import json

import pytest

from mard.errors import SchemaViolation
from mard.teach.candidate import Candidate, draw_seed
from tests.builders import metabolism_trace

CANDIDATE = Candidate("DB00582|DB06626", "pk_first", 3, 0.5, 17, metabolism_trace())


@pytest.mark.parametrize(
    "candidate", [CANDIDATE, Candidate("DB00582|DB06626", "served", 0, 0.3, 1, None, "not JSON", 900, 12)]
)
def test_a_row_reads_back_as_it_was(candidate: Candidate) -> None:
    assert Candidate.from_dict(json.loads(json.dumps(candidate.to_dict()))) == candidate


def test_a_row_with_a_broken_trace_is_refused() -> None:
    row = CANDIDATE.to_dict()
    row["trace"]["steps"] = row["trace"]["steps"][:1]
    with pytest.raises(SchemaViolation, match="3 to 8"):
        Candidate.from_dict(row)


def test_seeds_depend_on_every_part_and_on_nothing_else() -> None:
    base = (45, "DB00582|DB06626", "pk_first", 0)
    others = [
        (46, *base[1:]),
        (45, "DB00582|DB06627", "pk_first", 0),
        (45, base[1], "analogy_first", 0),
        (*base[:3], 1),
    ]
    assert draw_seed(*base) == draw_seed(*base)
    assert len({draw_seed(*one) for one in (base, *others)}) == 5
    assert all(0 <= draw_seed(*one) < 2**32 for one in others)
