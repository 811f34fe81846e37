"""How many drugs have each kind of evidence, and which drugs gained or lost it."""

from __future__ import annotations

from typing import Any

import polars as pl

from mard.drift.coverage import CHANNELS, FLAGS, Coverage, CoverageDrift, compare_coverage
from tests.corpora import drug_rows, labels
from tests.unit.drift.small import release

CYP3A4, ALBUMIN = "P08684", "P02768"


def of(drift: CoverageDrift, channel: str, scope: str = "all") -> Coverage:
    (found,) = (row for row in drift.channels + drift.flags if (row.channel, row.scope) == (channel, scope))
    return found


def facts(row: Coverage) -> tuple[int, ...]:
    return row.old, row.new, row.gained, row.lost, row.altered


def compared(old: dict[str, Any], new: dict[str, Any], **tables: Any) -> CoverageDrift:
    """Drugs 1 to 4, of which 1 and 2 interact; ``old`` and ``new`` give their columns."""
    table = labels([(1, 2)])
    before, after = (release(table, drug_rows(range(1, 5), **columns)) for columns in (old, new))
    return compare_coverage(before, after)


def test_every_channel_and_flag_is_there_over_both_scopes() -> None:
    found = compared({}, {})
    assert [row.channel for row in found.over("interacting")] == list(CHANNELS)
    assert len(found.channels) == 2 * len(CHANNELS)
    assert len(found.flags) == 2 * len(FLAGS) == 2 * 19 * 3


def test_gained_lost_and_altered_are_told_apart() -> None:
    before = {"atc": {1: ["A01AA01"], 2: ["B01AA01"], 3: ["C01AA01"]}}
    after = {"atc": {1: ["A01AA02"], 3: ["C01AA01"], 4: ["D01AA01"]}}
    found = compared(before, after)
    assert facts(of(found, "atc")) == (3, 3, 1, 1, 1)
    assert facts(of(found, "atc", "interacting")) == (2, 1, 0, 1, 1)
    assert of(found, "atc").shares == (0.75, 0.75)
    assert of(found, "atc", "interacting").shares == (1.0, 0.5)


def test_texts_structures_and_half_lives() -> None:
    before = {
        "moa": {1: "Blocks a channel."},
        "half_life": {1: "6 hours", 2: "unknown"},
        "smiles": {1: "CCO", 2: "not a structure"},
    }
    after = {
        "moa": {1: "Opens a channel.", 2: "Blocks it."},
        "half_life": {1: "8 hours", 2: "unknown"},
        "smiles": {1: "CCO", 2: "CCN"},
    }
    found = compared(before, after)
    assert facts(of(found, "moa")) == (1, 2, 1, 0, 1)
    assert facts(of(found, "half_life")) == (2, 2, 0, 0, 1)
    assert facts(of(found, "half_life_hours")) == (1, 1, 0, 0, 1)
    assert facts(of(found, "smiles")) == (2, 2, 0, 0, 1)
    assert facts(of(found, "fingerprint")) == (1, 2, 1, 0, 0)


def test_proteins_by_role_pathways_and_flags_by_flag() -> None:
    table, drugs = labels([(1, 2)]), drug_rows([1, 2])
    first = [("DB00001", "enzyme", CYP3A4, ["substrate"]), ("DB00002", "carrier", ALBUMIN, [])]
    second = [("DB00001", "enzyme", CYP3A4, ["inhibitor"]), ("DB00001", "target", ALBUMIN, [])]
    old = release(table, drugs, proteins=first)
    new = release(table, drugs, proteins=second, pathways=[("DB00002", "SMP0000001")])
    found = compare_coverage(old, new)
    assert facts(of(found, "enzymes")) == (1, 1, 0, 0, 0)
    assert facts(of(found, "carriers")) == (1, 0, 0, 1, 0)
    assert facts(of(found, "targets")) == (0, 1, 1, 0, 0)
    assert facts(of(found, "pathways")) == (0, 1, 1, 0, 0)
    assert facts(of(found, "pk_flags")) == (1, 1, 0, 0, 1)
    assert facts(of(found, "cyp3a4_sub")) == (1, 0, 0, 1, 0)
    assert facts(of(found, "cyp3a4_inh")) == (0, 1, 1, 0, 0)


def test_a_drug_of_one_release_alone_gains_and_loses_nothing() -> None:
    table = labels([(1, 2)])
    old = release(table, drug_rows([1, 2, 3], atc={3: ["A01AA01"]}))
    new = release(table, drug_rows([1, 2]))
    row = of(compare_coverage(old, new), "atc")
    assert facts(row) == (1, 0, 0, 0, 0)
    assert (row.old_drugs, row.new_drugs) == (3, 2)


def test_the_mirror_swaps_gained_with_lost() -> None:
    before, after = {"atc": {1: ["A01AA01"]}}, {"atc": {2: ["B01AA01"], 3: ["B01AA01"]}}
    there, back = of(compared(before, after), "atc"), of(compared(after, before), "atc")
    assert (there.old, there.new, there.gained, there.lost) == (1, 2, 2, 1)
    assert (back.new, back.old, back.lost, back.gained) == (1, 2, 2, 1)


def test_no_drugs_at_all_is_no_coverage() -> None:
    empty = release()
    row = of(compare_coverage(empty, empty), "targets")
    assert (row.shares, row.changed) == ((0.0, 0.0), False)
    assert isinstance(empty.interacting, pl.Series)
