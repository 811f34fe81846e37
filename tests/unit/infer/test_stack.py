from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mard.infer.conformal import Conformal
from mard.infer.rescue import Rescue
from mard.infer.router import Router
from mard.infer.situation import Known, Situation
from mard.infer.stack import AGGREGATORS, LAYERS, Fitted, Stack, fit_stack, halves
from tests.builders import voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, greedy_pair, opinion, sample

POOL = voriconazole_axitinib()
NAMES = ("prm_vote_consensus", "verify", "rescue", "conformal")


def candidates() -> list:
    return [*greedy_pair(BLEEDING), sample(0, DOWN, 0.9), sample(1, DOWN, 0.8), sample(2, BLEEDING, 0.3)]


SITUATION = Situation(candidates(), POOL, {"trees": opinion(BLEEDING, 0.9)})


def cases(count: int = 40) -> list[Known]:
    return [Known(f"DB{n:05d}|DB{n + 1:05d}", SITUATION, DOWN) for n in range(count)]


def test_layers_apply_in_order_and_the_last_decides() -> None:
    stack = Stack(NAMES, Fitted(conformal=Conformal(0.85, {"PK_Metabolism": None}, None)))
    decisions = stack.apply(SITUATION)
    assert tuple(decisions) == NAMES
    assert not decisions["rescue"].answer.abstain
    assert decisions["conformal"].answer.abstain
    assert stack.decide(SITUATION) == decisions["conformal"]


def test_without_layers_the_greedy_answer_stands_and_an_unknown_layer_is_refused() -> None:
    assert Stack(()).decide(SITUATION).answer.label == BLEEDING
    with pytest.raises(ValueError, match="no layer is called 'oracle'"):
        Stack(("oracle",)).decide(SITUATION)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_may_come_first_and_unfitted_it_leaves_the_best_samples_family(name: str) -> None:
    made = Stack((name,)).decide(SITUATION)
    assert made.answer.label == (BLEEDING if name == "learned_verifier" else DOWN)
    assert not made.answer.abstain


def test_the_halves_of_val_are_disjoint_whole_and_do_not_depend_on_order() -> None:
    first, second = halves(cases())
    ids = [{case.pair_id for case in half} for half in (first, second)]
    assert len(ids[0]) == len(ids[1]) == 20
    assert ids[0].isdisjoint(ids[1])
    assert [case.pair_id for case in halves(cases()[::-1])[0]] == [case.pair_id for case in first]


def test_fitting_calibrates_on_its_half_and_survives_json() -> None:
    fitted = fit_stack(NAMES, cases(), target=0.85)
    assert fitted.fitted.rescue == Rescue()
    # Phi of the family's voters is 1.7 of 2.0: margin (1.7 - 0.3) / 2.0 = 0.7, confidence 0.9
    assert fitted.fitted.conformal.families == {"PK_Metabolism": pytest.approx(0.63)}
    assert not fitted.decide(SITUATION).answer.abstain


def test_a_stack_of_every_layer_is_fitted_and_survives_json() -> None:
    fitted = fit_stack([*AGGREGATORS, *LAYERS], cases(), target=0.85)
    assert fitted.fitted.second == fitted.fitted.router.model == "trees"
    assert Stack.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_a_pair_without_any_trace_teaches_nothing() -> None:
    silent = [replace(each, trace=None) for each in candidates()]
    more = [*cases(), Known("DB00001|DB90000", Situation(silent, POOL), DOWN)]
    assert fit_stack(NAMES, more, target=0.85) == fit_stack(NAMES, cases(), target=0.85)


def test_nobody_learns_from_the_half_that_calibrates_abstention() -> None:
    """Gold labels of the calibrating half are altered: only conformal's thresholds may move."""
    _, calibrating = halves(cases())
    altered = {case.pair_id for case in calibrating}
    wrong = [replace(case, gold=BLEEDING) if case.pair_id in altered else case for case in cases()]
    names = (
        "prm_vote_consensus",
        "verify",
        "learned_verifier",
        "rescue",
        "router",
        "disagreement",
        "conformal",
    )
    before, after = (fit_stack(names, each, target=0.85).fitted for each in (cases(), wrong))
    assert replace(after, conformal=before.conformal) == before
    assert after.conformal != before.conformal


def test_by_default_nothing_is_routed() -> None:
    assert Fitted().router == Router("", 0.0, 1.0)
