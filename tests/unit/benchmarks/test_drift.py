from __future__ import annotations

import polars as pl

from benchmarks import drift
from mard.drift.drugs import compare_drugs
from mard.drift.pairs import compare_pairs


def test_dictionaries_find_the_same():
    ratios, details = drift.run(0.003)
    assert ratios.keys() == {"speedup_vs_dictionaries"}
    assert details["differences"] == 0
    assert min(details[name] for name in ("removed", "relabelled", "reworded")) > 50


def test_what_is_found_otherwise_is_counted():
    old = drift._release(0.003)
    new = drift._edited(old)
    found = compare_pairs(old, new, compare_drugs(old.drugs, new.drugs))
    plain = drift._by_dictionaries(old.labels, new.labels)
    plain["removed"].pop()
    plain["matrix"]["AdverseRisk", "AdverseRisk"] += 1
    assert drift._differences(found, plain) == 1 + 2  # one pair; a cell of each side


def test_the_mirror_adds_what_was_left_out():
    old = drift._release(0.003)
    new = drift._edited(old)
    back = compare_pairs(new, old, compare_drugs(new.drugs, old.drugs))
    assert back.removed.is_empty()
    assert back.added.height == old.labels.height - new.labels.height
    assert back.added.filter(pl.col("reason") == "drug").height > 0
