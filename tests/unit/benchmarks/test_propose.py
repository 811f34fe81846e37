from __future__ import annotations

import numpy as np

from benchmarks import propose
from mard.retrieve.rank_join import Found


def test_recall_and_speed_of_every_kind(monkeypatch):
    monkeypatch.setattr(propose, "QUERIES", 20)
    ratios, details = propose.run(0.002)
    assert ratios.keys() == {"recall_at_10", "speed_vs_exact_join"}
    assert 0 < ratios["recall_at_10"] <= 1
    assert details["recall_at_10"]["exact join"] == 1
    assert details["recall_at_10"].keys() == details["microseconds_a_query"].keys()
    assert set(propose.KINDS) == details["build_seconds"].keys()


def test_recall_by_hand():
    # of the exact 1 to 5, 2 and 4 were found (the first row has but two);
    # 9 is no exact neighbour but as near as the last one
    exact = _found([[1, 2, -1], [3, 4, 5]], [[0.9, 0.5, 0], [0.8, 0.8, 0.7]])
    found = _found([[2, -1, -1], [4, 9, 8]], [[0.5, 0, 0], [0.8, 0.7, 0.6]])
    assert propose.recall(found, exact) == 0.4  # 2 of 5
    assert propose.score_recall(found, exact) == 0.6  # 2, 4 and 9 of 5


def _found(numbers, scores):
    return Found(
        np.array(numbers, dtype=np.int32),
        np.array(scores, dtype=np.float32),
        np.zeros(np.shape(numbers), dtype=np.bool_),
    )
