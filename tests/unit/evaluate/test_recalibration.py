from __future__ import annotations

import numpy as np
import pytest

from mard.evaluate.calibration import ece
from mard.evaluate.recalibration import Platt


def test_applying_by_hand() -> None:
    # logit .8 = ln 4; slope 1/2 makes it ln 2, which is 2/3; offset -ln 2 then makes it 1/2
    assert Platt(0.5, 0.0).apply(np.array([0.8])) == pytest.approx([2 / 3])
    assert Platt(0.5, -np.log(2)).apply(np.array([0.8])) == pytest.approx([1 / 2])


def test_untouched_by_default_but_for_certainty() -> None:
    assert Platt().apply(np.array([0.0, 0.3, 1.0])) == pytest.approx([0.01, 0.3, 0.99])


def test_an_overconfident_model_is_brought_down_to_its_accuracy() -> None:
    generator = np.random.default_rng(0)
    honest = generator.uniform(0.5, 0.85, 4000)
    right = generator.random(4000) < honest
    loud = 1 / (1 + np.exp(-2.5 * np.log(honest / (1 - honest))))
    fitted = Platt.fit(loud[:2000], right[:2000])
    assert fitted.slope == pytest.approx(1 / 2.5, abs=0.08)
    before, after = ece(loud[2000:], right[2000:], 10), ece(fitted.apply(loud[2000:]), right[2000:], 10)
    assert before > 0.1
    assert after < 0.04


def test_the_ranking_of_answers_stays() -> None:
    fitted = Platt.fit(np.array([0.2, 0.4, 0.6, 0.9]), np.array([False, True, False, True]))
    assert fitted.slope > 0
    confidence = np.linspace(0.05, 0.95, 19)
    assert (np.diff(fitted.apply(confidence)) > 0).all()


@pytest.mark.parametrize("always", [True, False])
def test_a_val_part_without_contrast_still_gives_a_finite_line(always: bool) -> None:
    fitted = Platt.fit(np.full(30, 0.7), np.full(30, always))
    calibrated = fitted.apply(np.array([0.7]))[0]
    assert (calibrated > 0.7) == always
    assert 0 < calibrated < 1
