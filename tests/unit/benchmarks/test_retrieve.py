from __future__ import annotations

import numpy as np

from benchmarks import retrieve


def test_every_query_is_answered_as_by_brute_force(monkeypatch):
    monkeypatch.setattr(retrieve, "QUERIES", 60)
    ratios, details = retrieve.run(0.003)
    assert ratios.keys() == {
        "median_speedup_vs_brute",
        "p99_vs_brute_median",
        "all_pairs_in_brute_queries",
        "in_proportion_in_brute_queries",
        "featureless_speedup",
        "mismatches",
    }
    assert ratios["mismatches"] == 0
    assert details["compared"] > 150
    assert details["all_pairs"] > details["training_pairs"] > 1_000


def test_brute_force_by_hand():
    # scores of (0,1), (0,2), (1,2) for the query (0, 1): hidden, (1 + .5) / 2, (.25 + .5) / 2
    row_a, row_b = np.array([1, 0.25, 0.5], np.float32), np.array([0.25, 0, 0.5], np.float32)
    pairs = np.array([[0, 1], [0, 2], [1, 2]], np.int32)
    numbers, scores = retrieve.brute_force(row_a, row_b, pairs, 0, 1, 3)
    assert numbers.tolist() == [1, 2, -1]
    assert scores.tolist() == [0.75, 0.375, 0.0]
