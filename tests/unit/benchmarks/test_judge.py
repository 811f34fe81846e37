from __future__ import annotations

import pytest

from benchmarks import judge


def test_every_candidate_is_decoded_and_judged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judge, "CANDIDATES", 2)
    monkeypatch.setattr(judge, "SHARD_PAIRS", 4)
    ratios, details = judge.run(0.0)
    assert set(ratios) == {"judge_vs_json_parse"}
    assert ratios["judge_vs_json_parse"] > 1, "judging begins with decoding"
    pairs, rest = divmod(details["candidates"], 3 * 2)
    assert pairs > 4, "more than one shard"
    assert rest == 0
    assert 0 < details["candidates_per_second_one_core"] < details["candidates_per_second_decoded"]
    assert details["candidates_per_second"] > 0
