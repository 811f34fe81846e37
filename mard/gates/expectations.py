"""Quality expectations on the tables that a split is made of, as Great Expectations suites."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from mard.schema import Direction, Family, Part, Polarity, Protocol

DRUG: Final = r"^DB\d{5,}$"
GATES: Final = (
    "pair_disjoint",
    "mirror_disjoint",
    "drug_cold_disjoint",
    "pair_cold_disjoint",
    "alias_disjoint",
    "label_unique",
    "teacher_subset_inside",
    "evidence_text",
    "manifest_integrity",
)
"""The gates that the gates stage runs; 7 and 9 run where their rows are made."""

_PARTS: Final = (Part.TRAIN, Part.VAL, Part.TEST)
_DIRECTIONS: Final = (Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL)


def label_suite(subtypes: Iterable[str]) -> list[Expectation]:
    """``label/labels``: one labelled row a pair, in the fixed vocabulary."""
    return [*_pairs(), *_labels(), _in_set("subtype", subtypes)]


def split_suite(protocol: Protocol, corpus: int) -> list[Expectation]:
    """A protocol's table: every pair of the corpus once, in a part of the protocol."""
    parts = (*_PARTS, Part.ASIDE) if protocol is Protocol.PAIR_COLD else _PARTS
    count = gxe.ExpectTableRowCountToEqual(value=corpus)
    return [count, *_pairs(), *_labels(), _in_set("part", parts), _every("part", _PARTS)]


def subset_suite(size: int) -> list[Expectation]:
    """``split/teacher_subset``: not empty, not larger than asked for."""
    count = gxe.ExpectTableRowCountToBeBetween(min_value=1, max_value=size)
    return [count, *_pairs(), *_labels(), _in_set("part", _PARTS)]


def manifest_suite() -> list[Expectation]:
    """``split/eval``: no pair twice in one manifest, and none for training."""
    once = gxe.ExpectCompoundColumnsToBeUnique(column_list=["protocol", "part", "size", "pair_id"])
    return [once, _every("protocol", Protocol), _in_set("part", (Part.VAL, Part.TEST))]


def gate_suite() -> list[Expectation]:
    """The leakage gates' own results: all ran, none found anything."""
    return [_every("gate", GATES), _in_set("violations", (0,))]


def quality_suite() -> list[Expectation]:
    """Measured shares against the most that is allowed."""
    within = gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="allowed", column_B="observed", or_equal=True
    )
    return [gxe.ExpectColumnValuesToBeUnique(column="measure"), within]


def _pairs() -> list[Expectation]:
    return [
        gxe.ExpectColumnValuesToBeUnique(column="pair_id"),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="drug_b", column_B="drug_a"),
        *(gxe.ExpectColumnValuesToMatchRegex(column=column, regex=DRUG) for column in ("drug_a", "drug_b")),
        *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in ("pair_id", "drug_a", "drug_b")),
    ]


def _labels() -> list[Expectation]:
    columns = {"family": Family, "direction": _DIRECTIONS, "polarity": Polarity}
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in (*columns, "subtype")),
        *(_in_set(column, values) for column, values in columns.items()),
    ]


def _in_set(column: str, values: Iterable[object]) -> Expectation:
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=_plain(values))


def _every(column: str, values: Iterable[object]) -> Expectation:
    return gxe.ExpectColumnDistinctValuesToContainSet(column=column, value_set=_plain(values))


def _plain(values: Iterable[object]) -> list[object]:
    return [value if isinstance(value, int) else str(value) for value in values]
