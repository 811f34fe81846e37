from __future__ import annotations

from benchmarks import label
from benchmarks.synthetic import corpus


def test_both_read_the_same_of_every_row():
    ratios, details = label.run(0.002)
    assert set(ratios) == {"speedup_vs_cascade", "differences"}
    assert ratios["differences"] == 0
    assert ratios["speedup_vs_cascade"] > 0
    assert details["unmatched"] == 0
    assert details["rows_through_aliases"] > 0, "the fallback is part of what is compared"


def test_a_row_that_differs_is_counted(monkeypatch):
    monkeypatch.setattr(label.Cascade, "read_all", lambda _, rows: [None for _ in rows])
    ratios, details = label.run(0.0005)
    assert ratios["differences"] == details["rows"] == corpus(0.0005).interactions.height
