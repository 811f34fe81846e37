"""All figures of one protocol: the student, its layers, the baselines, and what divides them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from mard.evaluate import failures, rarity, slices, trust
from mard.evaluate.answers import Labels
from mard.evaluate.evaluation import GREEDY, Evaluation
from mard.evaluate.mirror_consistency import joint_events
from mard.evaluate.probes.measure import measure_probes, measure_regimens
from mard.evaluate.statistic import UNSCORED, mean
from mard.evaluate.systems import comparisons, contested, labelled, layer_figures, right_family

VARIANTS: Final = {"raw": GREEDY, "symmetrised": "symmetrise", "hybrid": "hybrid"}
"""The student otherwise: as it answers one ordering, both orderings made one, and its stack listening to
structural models too. The stack before anything abstains has no layer of its own, see :func:`_variants`."""


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
    rivals = {name: contested(data, data.baseline(name)) for name in names}
    own = {layer: contested(data, answers) for layer, answers in layers.items()}
    figures = {layer: layer_figures(data, answers, own[layer]) for layer, answers in layers.items()}
    return {
        "pairs": data.gold.height,
        "drugs": len(np.unique(np.concatenate([data.gold["drug_a"], data.gold["drug_b"]]))),
        "student": figures[data.final_layer],
        "variants": {
            name: figures[layer] | {"comparisons": comparisons(own[layer], rivals, data.weights)}
            for name, layer in _variants(data, layers)
        },
        "layers": figures,
        "baselines": {name: labelled(data, data.baseline(name), rivals[name]) for name in names},
        "comparisons": comparisons(own[data.final_layer], rivals, data.weights),
        "slices": _slices(data, student, layers[_unabstaining(layers) or data.final_layer]),
        "reliability": trust.reliability(data),
        "coverage_accuracy": trust.coverage(data),
        "failures": _failures(data, student),
        **_probes(data),
    }


def _variants(data: Evaluation, layers: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str]]:
    """Names and layers of the variants whose answers are not those of the whole stack."""
    final = layers[data.final_layer].drop("layer")
    found = {name: layer for name, layer in VARIANTS.items() if layer in layers}
    decided = _unabstaining(layers)
    found |= {} if decided is None else {"unabstaining": decided}
    for name, layer in found.items():
        if not layers[layer].drop("layer").equals(final):
            yield name, layer


def _unabstaining(layers: Mapping[str, pl.DataFrame]) -> str | None:
    """The last layer on the way to the final one that abstains nowhere, if there is one."""
    on_the_way = (layer for layer in layers if layer not in VARIANTS.values())
    return next((layer for layer in reversed([*on_the_way]) if not layers[layer]["abstain"].any()), None)


def _slices(data: Evaluation, student: pl.DataFrame, decided: pl.DataFrame) -> dict[str, Any]:
    """Parts of the data; directions as ``decided`` before any was withheld."""
    predicted, right = Labels.of(student), right_family(data, student)
    ab, ba = data.answers(GREEDY, "ab"), data.answers(GREEDY, "ba")
    return {
        "family": slices.by_family(data.labels, predicted),
        "direction": slices.by_direction(data.labels, Labels.of(decided)),
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
