"""All figures of one protocol: the student, its layers, the baselines, and what divides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from mard.errors import ContractError
from mard.evaluate import calibration, rarity, slices
from mard.evaluate.answers import Labels, texts
from mard.evaluate.bootstrap import Resamples, compare, intervals
from mard.evaluate.classification import label_statistics, selective_statistics
from mard.evaluate.grounding import grounding_statistics
from mard.evaluate.hierarchy import ths
from mard.evaluate.mirror_consistency import joint_events, mirror_statistics
from mard.evaluate.process import rpc
from mard.evaluate.statistic import DIGITS, UNSCORED, Floats, Mask, Score, Statistic, scores
from mard.schema import Protocol

HEADLINE: Final = ("macro_f1", "accuracy", "ths", "merged_macro_f1")
"""The metrics that get intervals and are compared between systems."""

GREEDY: Final = "greedy"
COVERAGES: Final = np.linspace(0.05, 1.0, 39)


@dataclass(frozen=True)
class Evaluation:
    """One protocol's test manifest with everyone's answers.

    Attributes:
        protocol: The protocol.
        gold: ``pair_id``, ``drug_a``, ``drug_b`` and label columns of the ``n`` test pairs, sorted.
        predictions: Rows of ``infer/predictions`` for these pairs, every layer and ordering.
        baselines: Rows of ``baselines/predictions`` for these pairs at least, and ``confidence``.
        counts: Pairs of each pair's rarer drug ``[n]``; see :mod:`mard.evaluate.rarity`.
        final_layer: The layer whose answers are the student's.
        layers: Every layer, in the order of the stack.
        resamples: Number of bootstrap resamples.
        bins: Bins of confidence.
        seed: Seed of the bootstrap.
    """

    protocol: Protocol
    gold: pl.DataFrame
    predictions: pl.DataFrame
    baselines: pl.DataFrame
    counts: rarity.Counts
    final_layer: str
    layers: Sequence[str]
    resamples: int
    bins: int
    seed: int

    @cached_property
    def labels(self) -> Labels:
        """Gold labels."""
        return Labels.of(self.gold)

    @cached_property
    def weights(self) -> Resamples:
        """Bootstrap weights, the same for every system."""
        drug_a, drug_b = texts(self.gold["drug_a"]), texts(self.gold["drug_b"])
        return Resamples.draw(drug_a, drug_b, self.resamples, self.seed)

    def answers(self, layer: str, ordering: str) -> pl.DataFrame | None:
        """A layer's rows in the order of gold, or None where it has none for that ordering.

        Raises:
            ContractError: It answers some test pairs but not all.
        """
        rows = self.predictions.filter((pl.col("layer") == layer) & (pl.col("ordering") == ordering))
        return None if rows.is_empty() else self._aligned(rows, f"layer {layer!r}, ordering {ordering}")

    def baseline(self, name: str) -> pl.DataFrame:
        """A baseline's rows in the order of gold."""
        return self._aligned(self.baselines.filter(pl.col("model") == name), f"baseline {name!r}")

    def _aligned(self, rows: pl.DataFrame, what: str) -> pl.DataFrame:
        aligned = self.gold.select("pair_id").join(rows, on="pair_id", how="inner", maintain_order="left")
        if aligned.height != self.gold.height:
            gap = f"{what} answers {aligned.height} of the {self.gold.height} test pairs of {self.protocol}"
            raise ContractError("infer/predictions", [gap])
        return aligned


def evaluate_protocol(data: Evaluation) -> dict[str, Any]:
    """Everything about one protocol, as plain values ready for JSON.

    Keys: ``pairs``, ``drugs``, ``student``, ``layers``, ``baselines``, ``comparisons`` (student minus
    baseline), ``slices``, ``reliability``, ``coverage_accuracy``.

    Raises:
        ContractError: A layer or baseline leaves test pairs unanswered.
    """
    student = data.answers(data.final_layer, "ab")
    if student is None:
        raise ContractError(
            "infer/predictions", [f"no rows of {data.final_layer!r} for {data.protocol} test"]
        )
    names = data.baselines["model"].unique(maintain_order=True).to_list()
    contest = {name: _contested(data, data.baseline(name)) for name in names}
    own = _contested(data, student)
    right, confidence = _right(data, student), student["confidence"].to_numpy()
    return {
        "pairs": data.gold.height,
        "drugs": len(np.unique(np.concatenate([data.gold["drug_a"], data.gold["drug_b"]]))),
        "student": _student(data, student) | {"intervals": _intervals(own, data.weights)},
        "layers": {layer: figures for layer in data.layers if (figures := _layer(data, layer)) is not None},
        "baselines": {
            name: _labelled(data, data.baseline(name))
            | {"intervals": _intervals(contest[name], data.weights)}
            for name in names
        },
        "comparisons": {name: _comparison(own, contest[name], data.weights) for name in names},
        "slices": _slices(data, student),
        "reliability": calibration.reliability(confidence, right, data.bins),
        "coverage_accuracy": _coverage(confidence, right),
    }


def _contested(data: Evaluation, answers: pl.DataFrame) -> dict[str, Statistic]:
    predicted = Labels.of(answers)
    everything = label_statistics(data.labels, predicted) | {"ths": ths(data.labels, predicted)}
    return {name: everything[name] for name in HEADLINE}


def _labelled(data: Evaluation, answers: pl.DataFrame) -> dict[str, Any]:
    """What can be said of any system that answers with a label and a confidence."""
    predicted = Labels.of(answers)
    right, confidence = _right(data, answers), answers["confidence"].to_numpy()
    return {
        **scores(label_statistics(data.labels, predicted)),
        "ths": ths(data.labels, predicted).score(),
        "ece": calibration.ece(confidence, right, data.bins),
        "au_at_90": calibration.au_at_90(confidence, right),
    }


def _layer(data: Evaluation, layer: str) -> dict[str, Any] | None:
    answers = data.answers(layer, "ab")
    return None if answers is None else _student(data, answers)


def _student(data: Evaluation, answers: pl.DataFrame) -> dict[str, Any]:
    """A layer's figures: labels on (A, B), traces on both orderings, consistency between them."""
    layer = answers["layer"][0]
    back = data.answers(layer, "ba")
    traces = answers if back is None else pl.concat([answers, back])
    abstain = answers["abstain"].to_numpy()
    return {
        **_labelled(data, answers),
        **scores(selective_statistics(_right(data, answers), abstain)),
        **scores(grounding_statistics(traces)),
        "rpc": rpc(traces).score(),
        **_consistency(answers, back),
    }


def _consistency(answers: pl.DataFrame, back: pl.DataFrame | None) -> dict[str, Score]:
    if back is None:
        return {"mfs": UNSCORED, "mps": UNSCORED}
    return scores(mirror_statistics(Labels.of(answers), Labels.of(back)))


def _right(data: Evaluation, answers: pl.DataFrame) -> Mask:
    right: Mask = data.labels.family == Labels.of(answers).family
    return right


def _intervals(statistics: dict[str, Statistic], weights: Resamples) -> dict[str, Any]:
    return {name: intervals(statistic, weights) for name, statistic in statistics.items()}


def _comparison(
    student: dict[str, Statistic], baseline: dict[str, Statistic], weights: Resamples
) -> dict[str, Any]:
    winner = {"left": "student", "right": "baseline", "none": "none"}
    compared = {name: compare(student[name], baseline[name], weights) for name in student}
    return {name: result | {"win": winner[result["win"]]} for name, result in compared.items()}


def _slices(data: Evaluation, student: pl.DataFrame) -> dict[str, Any]:
    predicted, right = Labels.of(student), _right(data, student)
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


def _coverage(confidence: Floats, right: Mask) -> list[list[float]]:
    accuracy = calibration.coverage_accuracy(confidence, right, COVERAGES)
    return [
        [round(float(share), DIGITS), round(float(value), DIGITS)]
        for share, value in zip(COVERAGES, accuracy, strict=True)
    ]
