"""What confidence is worth on one protocol: reliability before and after calibration, and coverage."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from mard.evaluate import calibration
from mard.evaluate.answers import Labels
from mard.evaluate.evaluation import GREEDY, Evaluation
from mard.evaluate.recalibration import Platt
from mard.evaluate.statistic import DIGITS, Floats, Mask
from mard.evaluate.systems import right_family

COVERAGES: Final = np.linspace(0.05, 1.0, 39)


def reliability(data: Evaluation) -> dict[str, Any]:
    """ECE and bins of the raw model, of the student as it states its confidence, and as calibrated on val."""
    student = data.student()
    right, stated = right_family(data, student), student["confidence"].to_numpy()
    platt = fit(data.val)
    found = {"stated": _bins(data, stated, right), "calibrated": _bins(data, platt.apply(stated), right)}
    raw = data.answers(GREEDY, "ab")
    if raw is not None:
        own = _bins(data, raw["confidence"].to_numpy(), right_family(data, raw))
        found = {"raw": own, **found}
    return {"states": found, "platt": platt.to_json(), "val_pairs": data.val.height}


def fit(val: pl.DataFrame) -> Platt:
    """The calibration of the final layer's confidence, from its answers to val pairs."""
    right: Mask = Labels.of(val).family == val["gold"].to_numpy().astype(np.str_)
    return Platt.fit(val["confidence"].to_numpy(), right)


def coverage(data: Evaluation) -> dict[str, list[list[float]]]:
    """Coverage and accuracy along the curve, of the student and of every baseline."""
    names = data.baselines["model"].unique(maintain_order=True).to_list()
    answers = {"student": data.student()} | {name: data.baseline(name) for name in names}
    return {
        name: _curve(own["confidence"].to_numpy(), right_family(data, own)) for name, own in answers.items()
    }


def _bins(data: Evaluation, confidence: Floats, right: Mask) -> dict[str, Any]:
    return {
        "ece": calibration.ece(confidence, right, data.bins),
        "bins": calibration.reliability(confidence, right, data.bins),
    }


def _curve(confidence: Floats, right: Mask) -> list[list[float]]:
    accuracy = calibration.coverage_accuracy(confidence, right, COVERAGES)
    return [
        [round(float(share), DIGITS), round(float(value), DIGITS)]
        for share, value in zip(COVERAGES, accuracy, strict=True)
    ]
