from __future__ import annotations

from benchmarks import teach


def test_every_candidate_is_counted_against_the_ideal_rate():
    ratios, details = teach.run(0.0)
    assert ratios.keys() == {"rate_vs_ideal"}
    assert details["candidates"] == 8 * teach.CANDIDATES
    assert details["ideal_per_second"] == teach.CONCURRENCY / teach.LATENCY_S
    assert 0 < ratios["rate_vs_ideal"] <= 1
