"""Made-up finished runs: twelve pairs of 24 drugs, answered right but where said."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from mard.evaluate.comparison import FinishedRun

PAIRS = 12
FAMILIES = ("PK_Metabolism", "AdverseRisk", "PD_Activity")


def finished(
    name: str, *, wrong: Collection[int], flipped: Collection[int] = (), final: str = "stack"
) -> FinishedRun:
    """A run whose final layer is wrong on some pairs, and whose raw model is unsteady on some.

    Args:
        name: Of the run.
        wrong: Pairs to which the final layer answers Efficacy.
        flipped: Pairs to which the raw model answers Efficacy when asked the other way round.
        final: Name of the final layer.
    """
    rows = [
        *(_row("greedy", "ab", number, right=True) for number in range(PAIRS)),
        *(_row("greedy", "ba", number, right=number not in flipped) for number in range(PAIRS)),
        *(_row(final, "ab", number, right=number not in wrong) for number in range(PAIRS)),
    ]
    table = pl.DataFrame(rows).sort("protocol", "layer", "ordering", "pair_id")
    return FinishedRun(name, {"Release": "made-up"}, final, table)


def _row(layer: str, ordering: str, number: int, *, right: bool) -> dict[str, object]:
    a, b, family = f"DB1{number:04}", f"DB2{number:04}", FAMILIES[number % 3]
    label = {"subtype": "s", "direction": "a_to_b", "polarity": "up"}
    return {
        "protocol": "warm",
        "layer": layer,
        "ordering": ordering,
        "pair_id": f"{a}|{b}",
        "drug_a": a,
        "drug_b": b,
        "family": family if right else "Efficacy",
        **label,
        "confidence": 0.8,
        "abstain": False,
        "parsed": True,
        "gold_family": family,
        **{f"gold_{key}": value for key, value in label.items()},
    }
