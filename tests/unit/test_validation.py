"""Mappings become dataclasses whole, or every fault is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from mard.validation import Bounds, build, overlay, parse_override


@dataclass(frozen=True)
class Inner:
    share: Annotated[float, Bounds(0, 1)]


@dataclass(frozen=True)
class Outer:
    name: str
    count: Annotated[int, Bounds(1)]
    kinds: list[Literal["one", "two"]]
    inner: Inner
    many: list[Inner]
    note: str | None
    limit: Annotated[float, Bounds(0)] | None = None


GOOD = {
    "name": "n",
    "count": 1,
    "kinds": ["one"],
    "inner": {"share": 1},
    "many": [{"share": 0.5}],
    "note": None,
}


def faults_of(**changes: Any) -> list[str]:
    faults: list[str] = []
    build(Outer, GOOD | changes, faults)
    return faults


def test_a_mapping_becomes_its_dataclass() -> None:
    faults: list[str] = []
    assert build(Outer, GOOD, faults) == Outer("n", 1, ["one"], Inner(1.0), [Inner(0.5)], None)
    assert faults == []


def test_what_has_a_default_may_be_left_out_and_is_bounded_all_the_same() -> None:
    assert faults_of() == []
    assert faults_of(limit=-1.0) == ["limit: -1.0 is outside [0, inf]"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"count": 0}, "count: 0 is outside [1, inf]"),
        ({"count": True}, "count: expected int, got True"),
        ({"count": 1.5}, "count: expected int, got 1.5"),
        ({"name": 3}, "name: expected str, got 3"),
        ({"kinds": "one"}, "kinds: expected a list, got 'one'"),
        ({"kinds": ["one", "three"]}, "kinds[1]: 'three' is none of one, two"),
        ({"inner": 1}, "inner: expected a mapping, got 1"),
        ({"inner": {"share": 2}}, "inner.share: 2.0 is outside [0, 1]"),
        ({"many": [{"share": 0.1}, {}]}, "many[1].share is missing"),
        ({"note": 1}, "note: expected str, got 1"),
        ({"nmae": 1}, "nmae is unknown (did you mean name?)"),
    ],
)
def test_a_fault_says_where_and_what(changes: dict[str, Any], fault: str) -> None:
    assert faults_of(**changes) == [fault]


def test_all_faults_are_found_at_once() -> None:
    assert len(faults_of(count=0, name=1, inner={"share": 5, "other": 1})) == 4


def test_overlay_replaces_lists_and_merges_mappings() -> None:
    assert overlay({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}}) == {
        "a": {"x": 1, "y": [3]},
        "b": 1,
    }


def test_an_override_reads_its_value_as_yaml() -> None:
    assert parse_override("a.b.c=[1, x]") == {"a": {"b": {"c": [1, "x"]}}}
