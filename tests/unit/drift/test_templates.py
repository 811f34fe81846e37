"""Sentence templates that come and go, and subtypes that cross the fifty-pair rule."""

from __future__ import annotations

import polars as pl
import pytest

from mard.drift.templates import compare_subtypes, compare_templates
from mard.label.taxonomy import load_taxonomy
from tests.unit.drift.small import release

Row = tuple[str, str, str, str, str, int]
KEPT: Row = ("{first} and {second}.", "AdverseRisk", "bleeding", "bidirectional", "up", 7)
OTHER: Row = ("{second} by {first}.", "Efficacy", "efficacy", "first_to_second", "down", 3)


def templates(*rows: Row) -> pl.DataFrame:
    return release(templates=rows).templates


def test_templates_are_new_gone_or_used_more_often() -> None:
    more = (*KEPT[:-1], 12)
    found = compare_templates(templates(KEPT, OTHER), templates(more, ("{first}!", *OTHER[1:-1], 9)))
    assert found.counts == {"new": 1, "gone": 1, "kept": 1, "recounted": 1, "reread": 0}
    assert found.table.select("template", "old_rows", "new_rows", "change").rows() == [
        ("{first}!", 0, 9, "new"),  # changed by 9 listings
        ("{first} and {second}.", 7, 12, "kept"),  # by 5
        ("{second} by {first}.", 3, 0, "gone"),  # by 3
    ]


def test_a_template_under_another_label_is_read_otherwise() -> None:
    other = (KEPT[0], "Efficacy", *KEPT[2:])
    found = compare_templates(templates(KEPT), templates(other))
    assert found.counts == {"new": 0, "gone": 0, "kept": 1, "recounted": 0, "reread": 1}
    assert found.table["family"].to_list() == ["Efficacy"]


def test_the_mirror_swaps_new_with_gone() -> None:
    there = compare_templates(templates(KEPT), templates(OTHER))
    back = compare_templates(templates(OTHER), templates(KEPT))
    assert (there.counts["new"], there.counts["gone"]) == (back.counts["gone"], back.counts["new"]) == (1, 1)


def subtypes(**counts: int) -> pl.DataFrame:
    rows = [("AdverseRisk", name) for name, count in counts.items() for _ in range(count)]
    return pl.DataFrame(rows, schema={"family": pl.String, "raw_subtype": pl.String}, orient="row")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(49, 50, "enters"), (50, 49, "leaves"), (0, 51, "enters"), (50, 90, None), (10, 49, None)],
)
def test_a_subtype_crosses_the_rule_at_fifty_pairs(before: int, after: int, change: str | None) -> None:
    found = compare_subtypes(subtypes(bleeding=before), subtypes(bleeding=after), load_taxonomy())
    assert found.table.select("old_pairs", "new_pairs", "listed", "change").rows() == [
        (before, after, True, change)
    ]
    assert found.crossing.height == (change is not None)


def test_a_frequent_risk_that_the_vocabulary_does_not_list_stands_out() -> None:
    old, new = subtypes(bleeding=60), subtypes(bleeding=60, hiccups=55)
    found = compare_subtypes(old, new, load_taxonomy())
    assert found.counts == {"enters": 1, "leaves": 0, "enters_unlisted": 1}
    assert found.crossing.row(0, named=True) == {
        "family": "AdverseRisk",
        "raw_subtype": "hiccups",
        "old_pairs": 0,
        "new_pairs": 55,
        "listed": False,
        "change": "enters",
    }
    assert compare_subtypes(new, old, load_taxonomy()).counts["leaves"] == 1


def test_a_release_and_itself_differ_in_nothing() -> None:
    own = templates(KEPT, OTHER)
    assert compare_templates(own, own).counts == {"new": 0, "gone": 0, "kept": 2, "recounted": 0, "reread": 0}
    counted = subtypes(bleeding=60, hiccups=3)
    assert compare_subtypes(counted, counted, load_taxonomy()).crossing.is_empty()
