"""The gates' benchmark agrees with its peer, on clean tables and on leaky ones."""

from __future__ import annotations

from benchmarks.gates import run


def test_gates_and_sets_find_the_same():
    ratios, details = run(0.002)
    assert set(ratios) == {"speedup_vs_sets"}
    assert details["differences"] == 0
    assert details["violations_clean"] == 0
    assert {name.split("/")[0] for name in details["violations_planted"]} == {
        "pair_disjoint",
        "mirror_disjoint",
        "drug_cold_disjoint",
        "pair_cold_disjoint",
        "alias_disjoint",
        "label_unique",
        "teacher_subset_inside",
        "manifest_integrity",
    }
