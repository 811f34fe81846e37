from __future__ import annotations

import numpy as np

from mard.evaluate.polypharmacy import pick, regimens, triangles

PAIRS = ["a|b", "a|c", "b|c", "c|d", "b|d", "d|e"]


def test_triangles_are_three_pairs_of_three_drugs_each_once() -> None:
    assert triangles(PAIRS) == [("a|b", "a|c", "b|c"), ("b|c", "b|d", "c|d")]
    assert triangles(["a|b", "b|c"]) == []


def test_picking_keeps_all_or_draws_the_same_few() -> None:
    many = [(f"{n}|x", f"{n}|y", "x|y") for n in range(30)]
    assert pick(many, 30, seed=1) == many
    chosen = pick(many, 5, seed=1)
    assert chosen == sorted(pick(many, 5, seed=1), key=many.index)
    assert len(set(chosen)) == 5


def test_regimens_by_hand() -> None:
    # right but for a|c: the first triangle has 2 right pairs, the second 3; 5 of 6 pairs, cubed .5787
    right = np.array([pair != "a|c" for pair in PAIRS])
    found = regimens(triangles(PAIRS), PAIRS, right)
    assert found == {
        "triangles": 2,
        "right": [0, 0, 1, 1],
        "pair_accuracy": 0.833333,
        "all_right": 0.5,
        "if_independent": 0.578704,
    }


def test_without_a_triangle_nothing_is_scored() -> None:
    found = regimens([], ["a|b"], np.array([True]))
    assert found["triangles"] == 0
    assert found["all_right"] == "unscored"
