"""Pairs that come, go, or change their label."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mard.drift.drugs import compare_drugs
from mard.drift.pairs import PairDrift, compare_pairs
from mard.drift.release import Release
from mard.schema import Family
from tests.corpora import SUBTYPES, corpus, drug_rows, labels
from tests.unit.drift.small import relabel, release, told

A, B, C = "DB00001|DB00002", "DB00001|DB00003", "DB00002|DB00003"
DRUGS = drug_rows(range(1, 11))
RISK = {"family": "AdverseRisk", "subtype": "bleeding", "raw_subtype": "bleeding", "direction": "a_to_b"}


def compared(old: Release, new: Release) -> PairDrift:
    return compare_pairs(old, new, compare_drugs(old.drugs, new.drugs))


def known(changes: dict[str, dict[str, str]]) -> pl.DataFrame:
    """Three pairs of three drugs, all AdverseRisk / bleeding / a_to_b / up but for the changes."""
    plain = {pair: RISK | {"polarity": "up"} for pair in (A, B, C)}
    return relabel(
        labels([(1, 2), (1, 3), (2, 3)]), {pair: plain[pair] | changes.get(pair, {}) for pair in plain}
    )


def cells(matrix: pl.DataFrame) -> dict[tuple[str | None, str | None], tuple[int, int]]:
    return {(old, new): (pairs, changed) for old, new, pairs, changed in matrix.rows()}


def test_a_release_and_itself_differ_in_nothing() -> None:
    own = release(corpus(8), DRUGS)
    found = compared(own, own)
    assert found.common == found.old == found.new == own.labels.height
    assert found.added.is_empty()
    assert found.removed.is_empty()
    assert found.relabelled.is_empty()
    assert not any(found.axes.values())
    assert (found.reworded, found.raw_subtypes) == ((0, 0), 0)
    assert all(old == new and changed == 0 for old, new, _, changed in found.matrix.rows())


def test_the_matrix_counts_every_pair_of_either_release_once() -> None:
    old = known({C: {"family": "Efficacy"}}).filter(pl.col("pair_id") != A)
    new = known({B: {"polarity": "down"}, C: {"family": "PK_Metabolism"}})
    found = compared(release(old, DRUGS), release(new, DRUGS))
    assert cells(found.matrix) == {
        ("AdverseRisk", "AdverseRisk"): (1, 1),  # B, within its family
        ("Efficacy", "PK_Metabolism"): (1, 1),  # C
        (None, "AdverseRisk"): (1, 0),  # A
    }
    assert found.added["pair_id"].to_list() == [A]
    assert found.relabelled.select("pair_id", "old_family", "new_family").rows() == [
        (B, "AdverseRisk", "AdverseRisk"),
        (C, "Efficacy", "PK_Metabolism"),
    ]


@pytest.mark.parametrize(
    ("change", "axes"),
    [
        ({"family": "Efficacy"}, {"family"}),
        ({"subtype": "sedation"}, {"subtype_in_family"}),
        ({"direction": "b_to_a"}, {"direction_flip", "only_direction_flip"}),
        ({"direction": "bidirectional"}, {"direction_otherwise"}),
        ({"polarity": "down"}, {"polarity", "only_polarity"}),
        ({"polarity": "down", "direction": "b_to_a"}, {"polarity", "direction_flip"}),
        ({"subtype": "sedation", "direction": "b_to_a"}, {"subtype_in_family", "direction_flip"}),
        ({"family": "Efficacy", "subtype": "sedation"}, {"family"}),
    ],
)
def test_a_changed_label_counts_on_the_axes_on_which_it_differs(
    change: dict[str, str], axes: set[str]
) -> None:
    found = compared(release(known({}), DRUGS), release(known({A: change}), DRUGS))
    assert {axis for axis, count in found.axes.items() if count} == axes
    assert found.relabelled.height == 1


def test_moves_are_counted_by_subtype_the_most_frequent_first() -> None:
    new = known({A: {"subtype": "sedation"}, B: {"subtype": "sedation"}, C: {"subtype": "hiccups"}})
    moves = compared(release(known({}), DRUGS), release(new, DRUGS)).moves
    assert moves.select("old_subtype", "new_subtype", "pairs").rows() == [
        ("bleeding", "sedation", 2),
        ("bleeding", "hiccups", 1),
    ]


def test_a_pair_is_gone_for_one_of_four_reasons() -> None:
    old = release(labels([(1, 2), (1, 3), (4, 5), (6, 7), (8, 9)]), DRUGS)
    drugs = drug_rows([1, 2, 4, 5, 6, 7, 9], secondary_ids={9: ["DB00008"]})
    new = release(labels([(1, 2)]), drugs, unmatched=["DB00006|DB00007"])
    found = compared(old, new)
    assert found.removed.select("pair_id", "reason", "counterpart").rows() == [
        ("DB00001|DB00003", "drug", None),
        ("DB00004|DB00005", "listing", None),
        ("DB00006|DB00007", "unlabelled", None),
        ("DB00008|DB00009", "merged_drug", None),
    ]
    assert found.reasons(found.removed) == {"drug": 1, "merged_drug": 1, "unlabelled": 1, "listing": 1}
    assert compared(new, old).added["reason"].to_list() == found.removed["reason"].to_list()


def test_a_pair_of_a_merged_drug_is_found_again_under_the_other_id() -> None:
    old = release(labels([(1, 8), (2, 8), (3, 8)]), DRUGS)
    new = release(labels([(1, 5), (3, 5)]), drug_rows([1, 2, 3, 5], secondary_ids={5: ["DB00008"]}))
    found = compared(old, new).removed
    assert found.select("pair_id", "counterpart").rows() == [
        ("DB00001|DB00008", "DB00001|DB00005"),
        ("DB00002|DB00008", None),
        ("DB00003|DB00008", "DB00003|DB00005"),
    ]


def test_names_are_those_of_the_release_that_has_the_pair() -> None:
    old = release(labels([(1, 2)]), drug_rows([1, 2], name={1: "Before"}))
    new = release(labels([(1, 3)]), drug_rows([1, 2, 3], name={1: "After"}))
    found = compared(old, new)
    assert found.removed.select("name_a", "name_b").row(0) == ("Before", "Drugname00002")
    assert found.added.select("name_a", "name_b").row(0) == ("After", "Drugname00003")


def test_another_wording_of_the_same_label_is_counted_and_a_renamed_drug_explains_it() -> None:
    table = known({})
    text = pl.when(pl.col("pair_id") != C).then(pl.lit("Said otherwise.")).otherwise("description")
    other = told(table).with_columns(description=text)
    new = release(table, drug_rows(range(1, 11), name={3: "After"}), interactions=other)
    assert compared(release(table, DRUGS), new).reworded == (2, 1)


def test_which_drug_lists_a_pair_and_how_often_is_no_wording() -> None:
    table = known({})
    once = told(table)
    twice = pl.concat([once.with_columns(listed_by="drug_b"), once]).reverse()
    found = compared(release(table, DRUGS), release(table, DRUGS, interactions=twice))
    assert found.reworded == (0, 0)


def test_another_raw_subtype_under_the_same_label_is_counted_apart() -> None:
    new = known({A: {"raw_subtype": "haemorrhage"}})
    found = compared(release(known({}), DRUGS), release(new, DRUGS))
    assert (found.relabelled.height, found.raw_subtypes) == (0, 1)


def test_pairs_without_any_in_common() -> None:
    old, new = release(labels([(1, 2)]), DRUGS), release(labels([(3, 4)]), DRUGS)
    found = compared(old, new)
    assert (found.common, found.added.height, found.removed.height) == (0, 1, 1)
    assert compared(release(), new).matrix["pairs"].to_list() == [1]


def test_ids_of_other_lengths_are_other_drugs() -> None:
    one = labels([(1, 2)]).with_columns(drug_b=pl.lit("DB000002"), pair_id=pl.lit("DB00001|DB000002"))
    found = compared(release(labels([(1, 2)]), DRUGS), release(one, DRUGS))
    assert (found.common, found.added.height, found.removed.height) == (0, 1, 1)


Edits = dict[int, int]


@given(
    st.dictionaries(st.integers(0, 27), st.integers(0, 5), max_size=28),
    st.dictionaries(st.integers(0, 27), st.integers(0, 5), max_size=28),
)
@settings(max_examples=25, deadline=None)
def test_the_mirror_swaps_the_sides_and_transposes_the_matrix(first: Edits, second: Edits) -> None:
    old, new = (release(edited(edits), DRUGS) for edits in (first, second))
    there, back = compared(old, new), compared(new, old)
    assert cells(there.matrix) == {(b, a): counts for (a, b), counts in cells(back.matrix).items()}
    assert_frame_equal(there.added, back.removed)
    assert_frame_equal(there.removed, back.added)
    assert there.axes == back.axes
    assert there.relabelled["pair_id"].to_list() == back.relabelled["pair_id"].to_list()
    assert there.reworded == back.reworded


@given(
    st.dictionaries(st.integers(0, 27), st.integers(0, 5), max_size=28),
    st.dictionaries(st.integers(0, 27), st.integers(0, 5), max_size=28),
)
@settings(max_examples=25, deadline=None)
def test_the_counts_are_those_of_plain_sets(first: Edits, second: Edits) -> None:
    old, new = edited(first), edited(second)
    before, after = (
        {
            row[0]: row[1:]
            for row in table.select("pair_id", "family", "subtype", "direction", "polarity").rows()
        }
        for table in (old, new)
    )
    found = compared(release(old, DRUGS), release(new, DRUGS))
    common = before.keys() & after.keys()
    assert found.common == len(common)
    assert set(found.added["pair_id"]) == after.keys() - before.keys()
    assert set(found.removed["pair_id"]) == before.keys() - after.keys()
    assert set(found.relabelled["pair_id"]) == {pair for pair in common if before[pair] != after[pair]}
    assert found.matrix["pairs"].sum() == len(before.keys() | after.keys())


def edited(edits: Edits) -> pl.DataFrame:
    """All 28 pairs of eight drugs; an edit drops a pair or gives it another label."""
    table = corpus(8, share=1.0)
    rows = []
    for place, row in enumerate(table.iter_rows(named=True)):
        edit = edits.get(place)
        if edit == 0:
            continue
        if edit is not None:
            family = list(Family)[edit]
            row |= {
                "family": str(family),
                "subtype": SUBTYPES[family][0],
                "polarity": ("up", "down")[edit % 2],
            }
        rows.append(row)
    return pl.DataFrame(rows, schema=table.schema)
