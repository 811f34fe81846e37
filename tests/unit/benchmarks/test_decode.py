from __future__ import annotations

from benchmarks import decode


def test_the_same_traces_are_written_with_and_without_the_constraint() -> None:
    """The benchmark itself checks every text; here, that it compares what it says."""
    ratios, details = decode.run(0.0)
    assert ratios.keys() == {"constraint_overhead", "prefix_sharing_gain"}
    assert details["traces"] == 2 * decode.TRACES
    assert all(ratio > 0 for ratio in ratios.values())
