from __future__ import annotations

import numpy as np
import pytest

from mard.infer.conformal import Calibration, Conformal, conformal, fit_conformal, score, threshold
from mard.infer.vote import self_consistency
from mard.schema import Direction, Family
from tests.unit.infer.tiny import DOWN, sample

METABOLISM = Family.PK_METABOLISM


def calibration(*pairs: tuple[float, bool], family: Family = METABOLISM) -> list[Calibration]:
    return [Calibration(family, value, right) for value, right in pairs]


def test_the_score_is_margin_times_confidence() -> None:
    votes = [sample(0, DOWN, confidence=0.8), sample(1, DOWN, confidence=0.6)]
    assert score(self_consistency(votes)) == pytest.approx(0.7)


def test_the_threshold_is_the_lowest_that_keeps_the_corrected_error() -> None:
    # target .75. Accepting 3 right ones: (0+1)/(3+1) = .25 passes; a 4th, wrong: (1+1)/5 fails;
    # with three more right ones: (1+1)/(7+1) = .25 passes again.
    right = calibration((0.9, True), (0.8, True), (0.7, True))
    wrong = calibration((0.6, False))
    later = calibration((0.5, True), (0.4, True), (0.3, True))
    assert threshold(right, 0.75) == 0.7
    assert threshold(right + wrong, 0.75) == 0.7
    assert threshold(right + wrong + later, 0.75) == 0.3
    assert threshold(right[:2], 0.75) is None  # (0+1)/(2+1) > .25


def test_pairs_with_equal_scores_are_accepted_together() -> None:
    # three right and one wrong at 0.5 cannot be told apart: (1+1)/(4+1) > .25
    tied = calibration((0.5, True), (0.5, True), (0.5, True), (0.5, False))
    assert threshold(tied, 0.75) is None


def test_a_rare_family_shares_the_pooled_threshold_and_a_hopeless_one_always_abstains() -> None:
    good = calibration(*((0.5 + i / 100, True) for i in range(12)))
    rare = calibration((0.9, True), family=Family.EFFICACY)
    bad = calibration(*((0.1, False) for _ in range(6)), family=Family.ADVERSE_RISK)
    fitted = fit_conformal(good + rare + bad, target=0.85)
    assert fitted.pooled == 0.5
    assert fitted.accepts(METABOLISM, 0.5)
    assert not fitted.accepts(METABOLISM, 0.49)
    assert fitted.accepts(Family.EFFICACY, 0.5)
    assert not fitted.accepts(Family.ADVERSE_RISK, 1.0)
    assert fitted.families == {"PK_Metabolism": 0.5, "AdverseRisk": None}
    assert Conformal.from_json(fitted.to_json()) == fitted


def test_nothing_calibrated_means_abstaining() -> None:
    assert not fit_conformal([], target=0.85).accepts(METABOLISM, 1.0)


def test_abstaining_keeps_the_best_guess() -> None:
    standing = self_consistency([sample(0, DOWN)])
    refused = conformal(standing, Conformal(0.85, {"PK_Metabolism": None}, None))
    assert refused.answer.abstain
    assert refused.answer.direction is Direction.NONE
    assert refused.answer.family is METABOLISM
    assert conformal(standing, Conformal(0.85, {"PK_Metabolism": 0.5}, None)) == standing


@pytest.mark.parametrize("pairs", [15, 60, 200])
def test_the_expected_selective_error_is_within_bounds_by_simulation(pairs: int) -> None:
    """Scores s uniform, right with probability s; the threshold is judged by the true law.

    At a threshold t the selective error is the mean of 1 - s over [t, 1], which is (1 - t) / 2.
    """
    generator = np.random.default_rng(3)
    errors = []
    for _ in range(400):
        scores = generator.random(pairs)
        right = generator.random(pairs) < scores
        drawn = [Calibration(METABOLISM, s, bool(r)) for s, r in zip(scores, right, strict=True)]
        found = threshold(drawn, 0.85)
        errors.append(0.0 if found is None else (1 - found) / 2)
    assert np.mean(errors) <= 0.15
    assert pairs < 200 or np.mean(errors) >= 0.12  # close to the bound where there is enough to calibrate on


def test_every_family_keeps_its_bound_by_simulation() -> None:
    """Two families, right with probability s and s squared: a threshold for both would favour the first.

    At a threshold t the selective error of the second is 1 - (1 + t + t^2) / 3.
    """
    generator = np.random.default_rng(4)
    errors: dict[Family, list[float]] = {METABOLISM: [], Family.EFFICACY: []}
    for _ in range(300):
        scores = generator.random(160)
        hard = generator.random(160) < 0.5
        right = generator.random(160) < np.where(hard, scores**2, scores)
        fitted = fit_conformal(
            [
                Calibration(Family.EFFICACY if h else METABOLISM, s, bool(r))
                for s, h, r in zip(scores, hard, right, strict=True)
            ],
            target=0.8,
        )
        for family, error in (
            (METABOLISM, lambda t: (1 - t) / 2),
            (Family.EFFICACY, lambda t: 1 - (1 + t + t * t) / 3),
        ):
            found = fitted.families[str(family)]
            errors[family].append(0.0 if found is None else error(found))
    for own in errors.values():
        assert 0.14 <= np.mean(own) <= 0.2
