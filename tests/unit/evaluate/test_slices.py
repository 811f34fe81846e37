from __future__ import annotations

from mard.evaluate.slices import by_direction, by_family, confusion
from mard.evaluate.statistic import UNSCORED
from mard.schema import Family
from tests.unit.evaluate.labels import M, R, labels

GOLD = labels(f"{M} m a_to_b", f"{M} m b_to_a", f"{R} s bidirectional")
ANSWER = labels(f"{M} m a_to_b", f"{R} s bidirectional", f"{R} t bidirectional")


def test_a_family_by_hand() -> None:
    rows = {row["family"]: row for row in by_family(GOLD, ANSWER)}
    # M: 1 of 2 found, nothing else called M, F1 2/3; THS (1.0 + 0) / 2
    assert rows[M] == {
        "family": M, "pairs": 2, "predicted": 1, "precision": 1.0, "recall": 0.5, "f1": 0.666667, "ths": 0.5
    }  # fmt: skip
    # R: found, but called twice; its subtype is wrong, so 0.3
    assert (rows[R]["precision"], rows[R]["recall"], rows[R]["ths"]) == (0.5, 1.0, 0.3)


def test_a_family_that_gold_lacks_is_unscored() -> None:
    rows = {row["family"]: row for row in by_family(GOLD, ANSWER)}
    assert list(rows) == [str(family) for family in Family]
    assert rows["Efficacy"]["f1"] == rows["Efficacy"]["recall"] == rows["Efficacy"]["ths"] == UNSCORED


def test_directions_by_hand() -> None:
    rows = {row["direction"]: row for row in by_direction(GOLD, ANSWER)}
    assert rows["b_to_a"] == {
        "direction": "b_to_a", "pairs": 1, "family_accuracy": 0.0, "direction_accuracy": 0.0,
        "direction_given_family": UNSCORED,
    }  # fmt: skip
    assert rows["bidirectional"]["direction_given_family"] == 1.0
    assert "n/a" not in rows


def test_confusion_has_gold_down_and_leaves_unparsed_out() -> None:
    table = confusion(GOLD, labels(f"{M} m a_to_b", f"{R} s a_to_b", ""))
    names = [str(family) for family in Family]
    assert table[names.index(M)][names.index(M)] == 1
    assert table[names.index(M)][names.index(R)] == 1
    assert sum(map(sum, table)) == 2
