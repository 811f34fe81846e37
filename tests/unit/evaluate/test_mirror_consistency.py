from __future__ import annotations

from mard.evaluate.mirror_consistency import joint_events, mirror_statistics
from mard.evaluate.statistic import scores
from tests.unit.evaluate.labels import M, R, labels

AB = labels(f"{M} m a_to_b", f"{M} m a_to_b", f"{R} s bidirectional", f"{R} s a_to_b", "")
BA = labels(f"{M} m a_to_b", f"{M} m b_to_a", f"{R} s bidirectional", f"{M} s a_to_b", "")


def test_by_hand() -> None:
    # families agree in the first three (two unparsed answers agree on nothing); the second said a_to_b
    # both ways round, which mapped back is b_to_a: no mirror images
    assert scores(mirror_statistics(AB, BA)) == {"mfs": 0.6, "mps": 0.4}


def test_joint_events_by_hand() -> None:
    gold = labels(*[f"{M} m a_to_b"] * 4)
    ab = labels(f"{M} m a_to_b", f"{M} m a_to_b", f"{R} m a_to_b", f"{R} m a_to_b")
    ba = labels(f"{M} m a_to_b", f"{M} m b_to_a", f"{M} m a_to_b", f"{R} m a_to_b")
    events = joint_events(gold, ab, ba)
    assert events["family"] == {"both_right": 2, "ab_only": 0, "ba_only": 1, "both_wrong": 1}
    assert events["triple"] == {"both_right": 1, "ab_only": 1, "ba_only": 1, "both_wrong": 1}
