from __future__ import annotations

import numpy as np
import pytest

from benchmarks import baselines


def test_both_peers_find_the_same(monkeypatch):
    monkeypatch.setattr(baselines, "MODELS", ("majority", "kernel_propagation"))
    monkeypatch.setattr(baselines, "PEER_ROWS", 20)
    monkeypatch.setattr(baselines, "PEER_RESAMPLES", 5)
    ratios, details = baselines.run(0.003)
    assert ratios.keys() == {"extraction_speedup", "bootstrap_speedup", "mismatches"}
    assert ratios["mismatches"] == 0
    assert details["train"] > 1_000
    assert details["held_out"] > 10


def test_one_resample_by_hand():
    truth, said = np.array(["a", "a", "b"]), np.array(["a", "b", "b"])
    # weights 2, 1, 0: a has F1 2*2 / (3 + 2) = 0.8, and b is not in this resample
    assert baselines._one_resample(truth, said, np.array([2.0, 1.0, 0.0])) == pytest.approx(0.8)
