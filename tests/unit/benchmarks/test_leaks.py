"""The demonstration finds both leaks in the designs that have them, and none in ours."""

from __future__ import annotations

from benchmarks.leaks import run


def test_common_designs_leak_and_ours_does_not():
    shares, details = run(0.005)
    splits, universes = details["splits"], details["universes"]
    for design in ("one_column", "each_column"):
        found = splits[design]
        assert 0 < found["held_out_drugs_in_train"] <= found["held_out_drugs"]
        assert found["gate_3_violations"] > 0
        assert 0 < shares[f"{design}_leaking_test_share"] <= 1
    assert splits["ours"]["test_pairs"] > 0
    assert splits["ours"]["held_out_drugs_in_train"] == 0
    assert splits["ours"]["gate_3_violations"] == splits["ours"]["gate_4_violations"] == 0
    assert universes["warm_universe"]["queries_shown_a_held_out_drug"] > 0
    assert universes["warm_universe"]["gate_7_violations"] > 0
    gentler = universes["warm_universe_without_the_querys_drugs"]
    assert 0 < gentler["gate_7_violations"] < universes["warm_universe"]["gate_7_violations"]
    assert universes["own_universe"]["gate_7_violations"] == 0
    assert {found["queries"] for found in universes.values()} == {splits["ours"]["test_pairs"]}
