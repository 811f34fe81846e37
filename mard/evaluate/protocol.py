"""All figures of one protocol: the student, its layers, the baselines, and what divides them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from mard.evaluate import failures, rarity, slices, trust
from mard.evaluate.answers import Labels
from mard.evaluate.evaluation import GREEDY, Evaluation
from mard.evaluate.mirror_consistency import joint_events
from mard.evaluate.probes.measure import measure_probes, measure_regimens
from mard.evaluate.statistic import UNSCORED, mean
from mard.evaluate.systems import comparisons, labelled, layer_figures, right_family

VARIANTS: Final = {"raw": GREEDY, "symmetrised": "symmetrise"}
"""The student without its stack: as it answers one ordering, and both orderings made one."""


def evaluate_protocol(data: Evaluation) -> dict[str, Any]:
    """Everything about one protocol, as plain values ready for JSON.

    Keys: ``pairs``, ``drugs``, ``student``, ``variants``, ``layers``, ``baselines``, ``comparisons``
    (student minus baseline), ``slices``, ``reliability``, ``coverage_accuracy``, ``failures``, ``probes``,
    ``regimens``.

    Raises:
        ContractError: A layer or baseline leaves test pairs unanswered.
    """
    student = data.student()
    layers = {layer: found for layer in data.layers if (found := data.answers(layer, "ab")) is not None}
    names = data.baselines["model"].unique(maintain_order=True).to_list()
    return {
        "pairs": data.gold.height,
        "drugs": len(np.unique(np.concatenate([data.gold["drug_a"], data.gold["drug_b"]]))),
        "student": layer_figures(data, student),
        "variants": {
            name: layer_figures(data, layers[layer]) | {"comparisons": comparisons(data, layers[layer])}
            for name, layer in VARIANTS.items()
            if layer in layers
        },
        "layers": {layer: layer_figures(data, answers) for layer, answers in layers.items()},
        "baselines": {name: labelled(data, data.baseline(name)) for name in names},
        "comparisons": comparisons(data, student),
        "slices": _slices(data, student),
        "reliability": trust.reliability(data),
        "coverage_accuracy": trust.coverage(data),
        "failures": _failures(data, student),
        **_probes(data),
    }


def _slices(data: Evaluation, student: pl.DataFrame) -> dict[str, Any]:
    predicted, right = Labels.of(student), right_family(data, student)
    ab, ba = data.answers(GREEDY, "ab"), data.answers(GREEDY, "ba")
    return {
        "family": slices.by_family(data.labels, predicted),
        "direction": slices.by_direction(data.labels, predicted),
        "confusion": slices.confusion(data.labels, predicted),
        "rarity": {
            "counted_in": rarity.count_basis(data.protocol),
            "spearman": rarity.spearman(data.counts, right),
            "deciles": rarity.deciles(data.counts, right),
        },
        "mirror_events": UNSCORED
        if ab is None or ba is None
        else joint_events(data.labels, Labels.of(ab), Labels.of(ba)),
    }


def _failures(data: Evaluation, student: pl.DataFrame) -> dict[str, Any]:
    """Classes with counts and examples, and how far the evidence and the candidates reach at most."""
    abstain = student["abstain"].to_numpy()
    classes = failures.classify(data.labels, Labels.of(student), abstain, data.shown, data.drawn)
    return {
        "classes": failures.tally(classes, abstain),
        "examples": failures.examples(classes, data.gold, student),
        "within_neighbours": mean(data.shown).score(),
        "within_candidates": mean(data.drawn).score(),
    }


def _probes(data: Evaluation) -> dict[str, Any]:
    raw = data.answers(GREEDY, "ab")
    return {
        "probes": []
        if raw is None
        else measure_probes(data.gold, raw, data.probes, resamples=data.resamples, seed=data.seed),
        "regimens": measure_regimens(data.labelled, data.probes),
    }
