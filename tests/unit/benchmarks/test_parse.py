from __future__ import annotations

from benchmarks import parse


def test_both_ways_find_every_listing(monkeypatch):
    monkeypatch.setattr(parse, "ROUNDS", 1)
    ratios, details = parse.run(0.001)
    assert set(ratios) == {"one_process_vs_walk", "two_process_vs_walk"}
    assert details["listings"] > 0
    assert details["rows_missing"] == 0
    assert set(details["rss_mb"]) == {"one_process", "parent_of_two", "worker_of_two"}
