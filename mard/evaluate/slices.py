"""The same metrics on parts of the data: per gold family and per gold direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from mard.evaluate.answers import Labels
from mard.evaluate.hierarchy import hierarchy_scores
from mard.evaluate.statistic import UNSCORED, Mask, Score, as_score, mean
from mard.schema import Direction, Family


def by_family(gold: Labels, predicted: Labels) -> list[dict[str, Any]]:
    """Counts, precision, recall, F1 and THS of each of the 7 families; unscored where gold has none."""
    credit = hierarchy_scores(gold, predicted)
    rows = []
    for family in Family:
        is_gold, is_predicted = gold.family == family, predicted.family == family
        hits, total = int((is_gold & is_predicted).sum()), int(is_gold.sum() + is_predicted.sum())
        rows.append(
            {
                "family": str(family),
                "pairs": int(is_gold.sum()),
                "predicted": int(is_predicted.sum()),
                "precision": _share(is_gold, is_predicted),
                "recall": _share(is_predicted, is_gold),
                "f1": as_score(2 * hits / total) if is_gold.any() else UNSCORED,
                "ths": mean(credit, among=is_gold).score(),
            }
        )
    return rows


def by_direction(gold: Labels, predicted: Labels) -> list[dict[str, Any]]:
    """Counts, family accuracy and direction accuracy (plain, and given the family) per gold direction."""
    family, direction = gold.family == predicted.family, gold.direction == predicted.direction
    return [
        {
            "direction": str(tag),
            "pairs": int((gold.direction == tag).sum()),
            "family_accuracy": _share(family, gold.direction == tag),
            "direction_accuracy": _share(direction, gold.direction == tag),
            "direction_given_family": _share(direction, (gold.direction == tag) & family),
        }
        for tag in Direction
        if tag is not Direction.NONE
    ]


def confusion(gold: Labels, predicted: Labels) -> list[list[int]]:
    """Counts, gold families down and predicted families across; unparsed answers are in no column."""
    families = np.array([str(family) for family in Family])
    table = (gold.family[:, None] == families).astype(np.int64).T @ (
        predicted.family[:, None] == families
    ).astype(np.int64)
    return [[int(value) for value in row] for row in table]


def _share(event: Mask, among: Mask) -> Score:
    return mean(event, among=among).score()
