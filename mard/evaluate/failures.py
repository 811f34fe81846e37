"""Where a wrong answer went wrong: five classes, F1 to F5, by rule.

**Decision** the paper names such a taxonomy and not its rules. Ours follows a pair through the
pipeline, so that a class says which part to repair:

F1 evidence: wrong family, no candidate has the right one, and no neighbour shown has it either.
F2 reasoning: wrong family, a neighbour shown has the right one, but no candidate draws it.
F3 selection: wrong family, though a candidate has the right one.
F4 wording: PK_Metabolism and PK_Distribution taken for each other, whatever the candidates say: often the
release's wording, not pharmacology, decides between them.
F5 detail: right family, wrong subtype or direction. A direction that is withheld by abstaining is not wrong.

A candidate is a trace that the student drew of its own accord; one that was asked of it for a family, a
proposal, is none here. An answer has one class or, being right, none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import numpy as np
import polars as pl

from mard.evaluate.answers import Labels
from mard.evaluate.classification import merged
from mard.evaluate.statistic import Floats, Mask, Texts, as_score

EXAMPLES: Final = 3


class Failure(StrEnum):
    """The classes; see the module."""

    EVIDENCE = "F1 evidence"
    REASONING = "F2 reasoning"
    SELECTION = "F3 selection"
    WORDING = "F4 wording"
    DETAIL = "F5 detail"


def offers(gold: pl.DataFrame, rows: pl.DataFrame) -> Mask:
    """Of which pairs of ``gold`` some row has the right family, ``[n]``.

    Args:
        gold: ``pair_id`` and ``family``, ``n`` pairs.
        rows: The same columns, any number of rows a pair: neighbours shown, or candidates drawn.
    """
    right = rows.select("pair_id", "family").unique().with_columns(right=pl.lit(True))
    found = gold.join(right, on=["pair_id", "family"], how="left", maintain_order="left")["right"]
    mask: Mask = found.fill_null(False).to_numpy()
    return mask


def classify(gold: Labels, predicted: Labels, abstain: Mask, shown: Mask, drawn: Mask) -> Texts:
    """The class of each answer ``[n]``, empty where it is right.

    Args:
        gold: True labels.
        predicted: The answers.
        abstain: Where the answer abstains.
        shown: Where a neighbour shown has the right family; see :func:`offers`.
        drawn: Where a candidate has it.
    """
    family = gold.family == predicted.family
    wording = ~family & (merged(gold.family) == merged(predicted.family))
    direction = (gold.direction == predicted.direction) | abstain
    detail = family & ~((gold.subtype == predicted.subtype) & direction)
    found: Texts = np.select(
        [wording, detail, family, drawn, shown],
        [Failure.WORDING, Failure.DETAIL, "", Failure.SELECTION, Failure.REASONING],
        Failure.EVIDENCE,
    )
    return found


def tally(classes: Texts, abstain: Mask) -> list[dict[str, Any]]:
    """Count and share of each class among all answers, and how many of them the student withheld."""
    return [
        {
            "failure": str(failure),
            "pairs": int((classes == failure).sum()),
            "share": as_score((classes == failure).mean()),
            "abstained": int(((classes == failure) & abstain).sum()),
        }
        for failure in Failure
    ]


def examples(classes: Texts, gold: pl.DataFrame, answers: pl.DataFrame) -> list[dict[str, Any]]:
    """The most confident failures of each class, three at most: what the student is surest of and wrong.

    Args:
        classes: From :func:`classify`.
        gold: ``pair_id`` and label columns, ``n`` rows.
        answers: Label columns and ``confidence`` in the same order.
    """
    confidence: Floats = answers["confidence"].to_numpy()
    rows = []
    for failure in Failure:
        surest = np.argsort(-confidence, kind="stable")
        for place in surest[classes[surest] == failure][:EXAMPLES].tolist():
            true, said = gold.row(place, named=True), answers.row(place, named=True)
            rows.append(
                {
                    "failure": str(failure),
                    "pair_id": true["pair_id"],
                    "gold": [true["family"], true["subtype"], true["direction"]],
                    "answer": [said["family"], said["subtype"], said["direction"]],
                    "confidence": as_score(said["confidence"]),
                }
            )
    return rows
