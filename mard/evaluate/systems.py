"""Figures of one system on one protocol, their intervals, and what divides two systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from mard.evaluate import calibration
from mard.evaluate.answers import Labels
from mard.evaluate.bootstrap import Resamples, compare, intervals, remembered
from mard.evaluate.classification import label_statistics, selective_statistics
from mard.evaluate.evaluation import Evaluation
from mard.evaluate.grounding import grounding_statistics
from mard.evaluate.hierarchy import ths
from mard.evaluate.mirror_consistency import mirror_statistics
from mard.evaluate.process import rpc
from mard.evaluate.statistic import UNSCORED, Mask, Statistic, scores

HEADLINE: Final = ("macro_f1", "accuracy", "ths", "merged_macro_f1")
"""The metrics that get intervals and are compared between systems."""

Statistics = Mapping[str, Statistic]


def right_family(data: Evaluation, answers: pl.DataFrame) -> Mask:
    """Where the family is right ``[n]``."""
    right: Mask = data.labels.family == Labels.of(answers).family
    return right


def headline_statistics(gold: Labels, answers: pl.DataFrame) -> dict[str, Statistic]:
    """The metrics of :data:`HEADLINE`, in that order."""
    predicted = Labels.of(answers)
    everything = label_statistics(gold, predicted) | {"ths": ths(gold, predicted)}
    return {name: everything[name] for name in HEADLINE}


def contested(data: Evaluation, answers: pl.DataFrame) -> Statistics:
    """A system's headline metrics, each computed once on the protocol's resamples."""
    made = headline_statistics(data.labels, answers)
    return {name: remembered(statistic, data.weights) for name, statistic in made.items()}


def labelled(data: Evaluation, answers: pl.DataFrame, own: Statistics) -> dict[str, Any]:
    """What can be said of any system that answers with a label and a confidence.

    Args:
        data: The protocol.
        answers: The system's answers in the order of gold.
        own: Their :func:`contested` metrics.
    """
    predicted = Labels.of(answers)
    right, confidence = right_family(data, answers), answers["confidence"].to_numpy()
    return {
        **scores(label_statistics(data.labels, predicted)),
        "ths": ths(data.labels, predicted).score(),
        "ece": calibration.ece(confidence, right, data.bins),
        "au_at_90": calibration.au_at_90(confidence, right),
        "intervals": _intervals(own, data.weights),
    }


def layer_figures(data: Evaluation, answers: pl.DataFrame, own: Statistics) -> dict[str, Any]:
    """A layer's figures: labels on (A, B), traces on both orderings, consistency between them."""
    back = data.answers(answers["layer"][0], "ba")
    traces = answers if back is None else pl.concat([answers, back])
    abstain = answers["abstain"].to_numpy()
    figures = labelled(data, answers, own)
    consistency = {} if back is None else mirror_statistics(Labels.of(answers), Labels.of(back))
    bounds = figures.pop("intervals") | _intervals(consistency, data.weights)
    return {
        **figures,
        **scores(selective_statistics(right_family(data, answers), abstain)),
        "abstained": int(abstain.sum()),
        **scores(grounding_statistics(traces)),
        "rpc": rpc(traces).score(),
        "mfs": UNSCORED,
        "mps": UNSCORED,
        **scores(consistency),
        "intervals": bounds,
    }


def comparisons(
    own: Statistics, rivals: Mapping[str, Statistics], weights: Resamples
) -> dict[str, dict[str, Any]]:
    """A student minus each baseline, by baseline and metric; ``win`` is student, baseline or none."""
    winner = {"left": "student", "right": "baseline", "none": "none"}
    found = {}
    for name, other in rivals.items():
        compared = {metric: compare(own[metric], other[metric], weights) for metric in own}
        found[name] = {metric: result | {"win": winner[result["win"]]} for metric, result in compared.items()}
    return found


def _intervals(statistics: Statistics, weights: Resamples) -> dict[str, Any]:
    return {name: intervals(statistic, weights) for name, statistic in statistics.items()}
