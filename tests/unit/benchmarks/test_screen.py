from __future__ import annotations

from benchmarks import screen


def test_a_screened_pair_says_what_its_own_query_says(monkeypatch):
    monkeypatch.setattr(screen, "SHARD_DRUGS", 20)
    monkeypatch.setattr(screen, "ASKED", 10)
    ratios, details = screen.run(0.004)
    assert ratios.keys() == {"speedup_vs_single_queries", "pairs_per_core_second", "mismatches"}
    assert ratios["mismatches"] == 0
    assert details["single_queries"] == 10 * screen.SHARDS
    # blocks of 20 drugs by 20 others, or within themselves
    assert 190 * screen.SHARDS <= details["screened_pairs"] <= 400 * screen.SHARDS
    assert details["indexed_drugs"] < details["drugs"]


def test_a_difference_would_be_counted(monkeypatch):
    monkeypatch.setattr(screen, "SHARD_DRUGS", 20)
    monkeypatch.setattr(screen, "ASKED", 10)
    alone = screen._alone
    monkeypatch.setattr(screen, "_alone", lambda *given: (alone(*given)[0] + 1e-6, *alone(*given)[1:]))
    assert screen.run(0.004)[0]["mismatches"] == 10 * screen.SHARDS
