"""Drugs that come, go, merge, take another name or get another structure."""

from __future__ import annotations

from mard.drift.drugs import compare_drugs
from tests.corpora import drug_rows

NOTHING = {"added": 0, "removed": 0, "retired": 0, "reinstated": 0, "renamed": 0, "restructured": 0}


def test_a_table_and_itself_have_no_changes() -> None:
    drugs = drug_rows(range(1, 6), smiles={1: "CC"}, inchikey={2: "A-B-C"})
    found = compare_drugs(drugs, drugs)
    assert (found.old, found.new, found.counts) == (5, 5, NOTHING)
    assert found.changes.is_empty()


def test_each_change_is_told_apart() -> None:
    old = drug_rows([1, 2, 3, 4, 5], name={4: "Before"})
    new = drug_rows([2, 3, 4, 6], name={4: "After"}, secondary_ids={3: ["DB00001", "DB00099"]})
    found = compare_drugs(old, new).changes
    assert found.select("drug_id", "change", "counterpart").rows() == [
        ("DB00006", "added", None),
        ("DB00005", "removed", None),
        ("DB00004", "renamed", None),
        ("DB00001", "retired", "DB00003"),
    ]
    renamed = found.filter(change="renamed").select("old_name", "new_name").row(0)
    assert renamed == ("Before", "After")


def test_the_mirror_swaps_added_with_removed_and_retired_with_reinstated() -> None:
    old = drug_rows([1, 2, 3, 4])
    new = drug_rows([2, 3, 5, 6], secondary_ids={3: ["DB00001"]}, name={2: "Other"})
    there, back = compare_drugs(old, new), compare_drugs(new, old)
    assert there.counts == {**NOTHING, "added": 2, "removed": 1, "retired": 1, "renamed": 1}
    assert back.counts == {**NOTHING, "added": 1, "removed": 2, "reinstated": 1, "renamed": 1}
    assert there.merged("retired").rows() == back.merged("reinstated").rows() == [("DB00001", "DB00003")]


def test_a_structure_changed_when_the_keys_differ_however_the_smiles_are_spelled() -> None:
    old = drug_rows([1, 2], smiles={1: "CCO", 2: "CCO"}, inchikey={1: "SAME", 2: "ONE"})
    new = drug_rows([1, 2], smiles={1: "OCC", 2: "CCO"}, inchikey={1: "SAME", 2: "TWO"})
    found = compare_drugs(old, new).changes
    assert found.select("drug_id", "change", "old_structure", "new_structure").rows() == [
        ("DB00002", "restructured", "ONE", "TWO")
    ]


def test_without_a_key_on_both_sides_the_smiles_decide() -> None:
    old = drug_rows([1, 2], smiles={1: "CCO", 2: "CCO"}, inchikey={1: "KEY"})
    new = drug_rows([1, 2], smiles={1: "CCO", 2: "CCN"})
    found = compare_drugs(old, new).changes
    assert found.select("drug_id", "old_structure", "new_structure").rows() == [("DB00002", "CCO", "CCN")]


def test_a_structure_that_is_new_or_gone_is_no_changed_structure() -> None:
    none, some = drug_rows([1]), drug_rows([1], smiles={1: "CCO"}, inchikey={1: "KEY"})
    assert compare_drugs(none, some).counts == compare_drugs(some, none).counts == NOTHING


def test_an_id_that_two_drugs_claim_goes_to_the_first() -> None:
    new = drug_rows([2, 3], secondary_ids={2: ["DB00001"], 3: ["DB00001"]})
    assert compare_drugs(drug_rows([1]), new).merged("retired").rows() == [("DB00001", "DB00002")]
