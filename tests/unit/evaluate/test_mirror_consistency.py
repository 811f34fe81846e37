from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mard.evaluate.mirror_consistency import joint_events, mirror_statistics
from mard.evaluate.statistic import scores
from tests.unit.evaluate.labels import M, R, labels

AB = labels(f"{M} m a_to_b", f"{M} m a_to_b", f"{R} s bidirectional", f"{R} s a_to_b", "")
BA = labels(f"{M} m b_to_a", f"{M} m a_to_b", f"{R} s bidirectional", f"{M} s b_to_a", "")


def test_by_hand() -> None:
    # families agree in the first three (two unparsed answers agree on nothing); of those the second
    # keeps a_to_b when the pair is flipped, so its directions are no mirror images
    assert scores(mirror_statistics(AB, BA)) == {"mfs": 0.6, "mps": 0.4}


def test_joint_events_compare_with_gold_in_its_own_frame() -> None:
    gold = labels(*[f"{M} m a_to_b"] * 4)
    ab = labels(f"{M} m a_to_b", f"{M} m a_to_b", f"{R} m a_to_b", f"{R} m a_to_b")
    ba = labels(f"{M} m b_to_a", f"{M} m a_to_b", f"{M} m b_to_a", f"{R} m b_to_a")
    events = joint_events(gold, ab, ba)
    assert events["family"] == {"both_right": 2, "ab_only": 0, "ba_only": 1, "both_wrong": 1}
    assert events["triple"] == {"both_right": 1, "ab_only": 1, "ba_only": 1, "both_wrong": 1}


@given(
    st.lists(
        st.tuples(st.sampled_from([M, R]), st.sampled_from(["a_to_b", "b_to_a", "bidirectional", "n/a"])),
        min_size=1,
    )
)
def test_an_answer_and_its_mirror_image_are_always_consistent(rows: list[tuple[str, str]]) -> None:
    answers = labels(*(f"{family} s {direction}" for family, direction in rows))
    assert scores(mirror_statistics(answers, answers.mirrored())) == {"mfs": 1.0, "mps": 1.0}
