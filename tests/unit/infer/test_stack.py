from __future__ import annotations

import pytest

from mard.infer.conformal import Conformal
from mard.infer.rescue import Rescue
from mard.infer.stack import Stack, ValCase, fit_stack, halves
from mard.schema import Family
from tests.builders import voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, greedy_pair, sample

POOL = voriconazole_axitinib()
LAYERS = ("prm_vote_consensus", "verify", "rescue", "conformal")


def candidates() -> list:
    return [*greedy_pair(BLEEDING), sample(0, DOWN, 0.9), sample(1, DOWN, 0.8), sample(2, BLEEDING, 0.3)]


def cases(count: int = 40) -> list[ValCase]:
    return [
        ValCase(f"DB{n:05d}|DB{n + 1:05d}", candidates(), POOL, Family.PK_METABOLISM) for n in range(count)
    ]


def test_layers_apply_in_order_and_the_last_decides() -> None:
    stack = Stack(LAYERS, Rescue(), Conformal(0.85, {"PK_Metabolism": None}, None))
    decisions = stack.apply(candidates(), POOL)
    assert tuple(decisions) == LAYERS
    assert not decisions["rescue"].answer.abstain
    assert decisions["conformal"].answer.abstain
    assert stack.decide(candidates(), POOL) == decisions["conformal"]


def test_without_layers_the_greedy_answer_stands_and_an_unknown_layer_is_refused() -> None:
    assert Stack(()).decide(candidates(), POOL).answer.label == BLEEDING
    with pytest.raises(ValueError, match="no layer is called 'router'"):
        Stack(("router",)).decide(candidates(), POOL)


def test_the_halves_of_val_are_disjoint_whole_and_do_not_depend_on_order() -> None:
    first, second = halves(cases())
    ids = [{case.pair_id for case in half} for half in (first, second)]
    assert len(ids[0]) == len(ids[1]) == 20
    assert ids[0].isdisjoint(ids[1])
    assert [case.pair_id for case in halves(cases()[::-1])[0]] == [case.pair_id for case in first]


def test_fitting_calibrates_on_its_half_and_survives_json() -> None:
    fitted = fit_stack(LAYERS, cases(), target=0.85)
    assert fitted.rescue == Rescue()
    # Phi of the family's voters is 1.7 of 2.0: margin (1.7 - 0.3) / 2.0 = 0.7, confidence 0.9
    assert fitted.conformal.families == {"PK_Metabolism": pytest.approx(0.63)}
    assert not fitted.decide(candidates(), POOL).answer.abstain
    assert Stack.from_json(fitted.to_json()) == fitted
