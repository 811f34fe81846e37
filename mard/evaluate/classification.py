"""Families and subtypes: accuracy and macro-F1.

An abstention is scored by its best-guess family like any other answer; what abstaining buys is
reported apart, as coverage and selective accuracy. An answer that could not be parsed is wrong.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mard.evaluate.answers import Labels
from mard.evaluate.statistic import Floats, Mask, Statistic, Texts, divide, mean
from mard.schema import Family

MERGED: Final = f"{Family.PK_METABOLISM}+{Family.PK_DISTRIBUTION}"


def label_statistics(gold: Labels, predicted: Labels) -> dict[str, Statistic]:
    """Family and subtype metrics of ``n`` answers."""
    right = gold.family == predicted.family
    right_path = gold.path == predicted.path
    return {
        "macro_f1": macro_f1(gold.family, predicted.family),
        "accuracy": mean(right),
        "merged_macro_f1": macro_f1(merged(gold.family), merged(predicted.family)),
        "merged_accuracy": mean(merged(gold.family) == merged(predicted.family)),
        "subtype_accuracy": mean(right_path),
        "conditional_subtype_accuracy": mean(right_path, among=right),
        "subtype_macro_f1": macro_f1(gold.path, predicted.path),
        "direction_given_family": mean(gold.direction == predicted.direction, among=right),
        "polarity_given_family": mean(gold.polarity == predicted.polarity, among=right),
    }


def macro_f1(gold: Texts, predicted: Texts) -> Statistic:
    """Mean over classes of F1 = 2 TP / (gold + predicted), for columns ``[n]``.

    The classes are those that occur in gold: one that does not has no F1 and is left out of the mean,
    not counted as 0. Predicting it still costs, as a miss of the class that was right. A resample
    that loses a class leaves it out likewise, for every system that is compared on that resample.
    """
    classes = np.unique(gold)
    in_gold = (gold[:, None] == classes).astype(np.float64)
    in_predicted = (predicted[:, None] == classes).astype(np.float64)
    hits = in_gold * in_predicted

    def over(weights: Floats) -> Floats:
        support = weights @ in_gold
        f1 = divide(2 * (weights @ hits), support + weights @ in_predicted)
        present = support > 0
        return divide(np.where(present, f1, 0.0).sum(axis=1), present.sum(axis=1).astype(np.float64))

    return Statistic(len(gold), over)


def merged(family: Texts) -> Texts:
    """Families with PK_Metabolism and PK_Distribution as one, because wording often decides between them."""
    both: Mask = np.isin(family, [Family.PK_METABOLISM, Family.PK_DISTRIBUTION])
    return np.where(both, MERGED, family)


def selective_statistics(right: Mask, abstain: Mask) -> dict[str, Statistic]:
    """Coverage (share not abstained) and the accuracy among those."""
    return {"coverage": mean(~abstain), "selective_accuracy": mean(right, among=~abstain)}
