from __future__ import annotations

from dataclasses import replace

import pytest

from mard.infer.rescue import Rescue, fit_rescue, majority, rescue
from mard.infer.situation import Known, Situation
from mard.infer.vote import self_consistency
from mard.schema import Direction, Family, Label, Polarity
from tests.builders import metabolism_trace, voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, sample

POOL = voriconazole_axitinib()
EAGER = Rescue(strength=0.5, confidence=0.8)


def doubtful(confidence: float = 0.6) -> list:
    """One sample: its steps argue for metabolism, its answer is adverse risk."""
    return [sample(0, BLEEDING, confidence=confidence)]


def test_the_steps_of_the_example_all_argue_for_metabolism() -> None:
    assert majority(metabolism_trace()) == (Family.PK_METABOLISM, 1.0)


def test_a_hesitant_answer_against_its_own_steps_is_replaced_by_the_neighbours_label() -> None:
    candidates = doubtful()
    decision = rescue(candidates, POOL, self_consistency(candidates), EAGER)
    assert decision.answer.label == DOWN  # the label of the one neighbour, which is of that family
    assert decision.answer.confidence == 0.6
    assert decision.margin == 0.0  # no sample voted for it


def test_another_samples_label_comes_before_a_neighbours() -> None:
    up = Label(Family.PK_METABOLISM, "metabolism", Direction.B_TO_A, Polarity.UP)
    candidates = [*doubtful(), sample(1, BLEEDING, confidence=0.6), sample(2, up)]
    assert rescue(candidates, POOL, self_consistency(candidates), EAGER).answer.label == up


def test_without_any_such_label_the_rest_of_the_answer_stays() -> None:
    candidates = doubtful()
    decision = rescue(candidates, replace(POOL, neighbours=()), self_consistency(candidates), EAGER)
    assert decision.answer.family is Family.PK_METABOLISM
    assert decision.answer.subtype == "metabolism"
    assert decision.answer.direction is BLEEDING.direction


@pytest.mark.parametrize(
    ("candidates", "thresholds"),
    [
        (doubtful(), Rescue()),  # by default nothing is overruled
        (doubtful(0.8), EAGER),  # not below the confidence
        (doubtful(), Rescue(strength=1.0, confidence=0.8)),  # not above the strength
        ([sample(0, DOWN, confidence=0.1)], EAGER),  # agrees with its steps
    ],
)
def test_otherwise_the_decision_stands(candidates: list, thresholds: Rescue) -> None:
    standing = self_consistency(candidates)
    assert rescue(candidates, POOL, standing, thresholds) == standing


def fitted_on(*cases: tuple[Family, float]) -> Rescue:
    """Thresholds from the right family and the stated confidence of each case."""
    own = [doubtful(confidence) for _, confidence in cases]
    golds = [replace(DOWN, family=gold) for gold, _ in cases]
    known = [Known(str(gold), Situation(each, POOL), gold) for gold, each in zip(golds, own, strict=True)]
    return fit_rescue(known, [self_consistency(each) for each in own])


def test_thresholds_separate_answers_worth_overruling_from_the_others() -> None:
    # overruling is right at confidence 0.6 and wrong at 0.9: the bound lies between, as low as possible
    fitted = fitted_on((Family.PK_METABOLISM, 0.6), (Family.ADVERSE_RISK, 0.9))
    assert fitted == Rescue(strength=0.9, confidence=0.7)


def test_where_overruling_never_helps_it_is_switched_off() -> None:
    assert fitted_on((Family.ADVERSE_RISK, 0.6)) == Rescue()
    assert fitted_on() == Rescue()
