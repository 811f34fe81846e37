"""Which of several runs is better, and by how much: the same pairs, paired, with intervals over drugs.

Runs are compared on the test pairs that all of them answered and that have the same label in each.
Two runs on one release share them all; runs on two releases share what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
import polars as pl

from mard.errors import InputError
from mard.evaluate.answers import Labels, texts
from mard.evaluate.bootstrap import Resamples, compare, intervals, remembered
from mard.evaluate.evaluation import GREEDY
from mard.evaluate.mirror_consistency import mirror_statistics
from mard.evaluate.statistic import Statistic
from mard.evaluate.systems import headline_statistics
from mard.schema import Protocol

FINAL: Final = "final"
"""Each run's final layer, whatever it is called."""

LABEL: Final = ("family", "subtype", "direction", "polarity")


@dataclass(frozen=True)
class FinishedRun:
    """A run that was evaluated.

    Attributes:
        name: What it is called, unique among the runs compared.
        facts: What it was: release, commit, parameters that differ.
        final_layer: Name of its final layer.
        answers: Table ``evaluate/answers``.
    """

    name: str
    facts: Mapping[str, str]
    final_layer: str
    answers: pl.DataFrame


def compare_runs(runs: Sequence[FinishedRun], *, layer: str, resamples: int, seed: int) -> dict[str, Any]:
    """Every run's figures on the common pairs, and what divides each from the first, as plain values.

    Args:
        runs: At least two; the first is what the others are compared with.
        layer: Of which layer the answers are, or :data:`FINAL`.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        InputError: Fewer than two runs, two of one name, or no common pair under any protocol.
    """
    names = [run.name for run in runs]
    if len(runs) < 2 or len(set(names)) < len(names):
        raise InputError(f"comparing needs at least two different runs, got: {', '.join(names) or 'none'}")
    protocols = {}
    for protocol in Protocol:
        chosen = [_chosen(run, protocol, layer) for run in runs]
        common = _common(chosen)
        if not common.is_empty():
            sides = {name: own.join(common, on="pair_id", how="semi").sort("ordering", "pair_id")
                     for name, own in zip(names, chosen, strict=True)}  # fmt: skip
            answered = {run.name: run.answers.filter(pl.col("protocol") == protocol) for run in runs}
            protocols[str(protocol)] = {
                "left_out": {
                    name: _ab(own)["pair_id"].n_unique() - common.height
                    for name, own in zip(names, chosen, strict=True)
                },
                **_compared(sides, {name: _raw(answered[name], common) for name in names}, resamples, seed),
            }
    if not protocols:
        raise InputError(f"{', '.join(names)} have no labelled test pair in common that all of them answered")
    return {
        "layer": layer,
        "reference": names[0],
        "runs": [{"name": run.name, **run.facts} for run in runs],
        "protocols": protocols,
    }


def _chosen(run: FinishedRun, protocol: Protocol, layer: str) -> pl.DataFrame:
    name = run.final_layer if layer == FINAL else layer
    return run.answers.filter((pl.col("protocol") == protocol) & (pl.col("layer") == name))


def _ab(answers: pl.DataFrame) -> pl.DataFrame:
    return answers.filter(pl.col("ordering") == "ab")


def _common(chosen: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pairs that every run answered, with one label in all of them."""
    gold = ["pair_id", *(f"gold_{name}" for name in LABEL)]
    return reduce(
        lambda left, right: left.join(right, on=gold, how="semi"), (_ab(own).select(gold) for own in chosen)
    ).sort("pair_id")


def _raw(answers: pl.DataFrame, common: pl.DataFrame) -> dict[str, Statistic]:
    """Mirror consistency of the raw model, where both orderings were asked."""
    greedy = answers.filter(pl.col("layer") == GREEDY).join(common, on="pair_id", how="semi")
    sides = [greedy.filter(pl.col("ordering") == each).sort("pair_id") for each in ("ab", "ba")]
    if any(side.height != common.height for side in sides):
        return {}
    return mirror_statistics(*(Labels.of(side) for side in sides))


def _compared(
    sides: Mapping[str, pl.DataFrame], raw: Mapping[str, dict[str, Statistic]], resamples: int, seed: int
) -> dict[str, Any]:
    answers = {name: _ab(own) for name, own in sides.items()}
    first = next(iter(answers.values()))
    gold = Labels.of(first.select(**{name: f"gold_{name}" for name in LABEL}))
    weights = Resamples.draw(texts(first["drug_a"]), texts(first["drug_b"]), resamples, seed)
    own = {
        name: {
            metric: remembered(statistic, weights)
            for metric, statistic in (headline_statistics(gold, table) | raw[name]).items()
        }
        for name, table in answers.items()
    }
    reference, *others = own
    metrics = [metric for metric in own[reference] if all(metric in found for found in own.values())]
    return {
        "pairs": first.height,
        "drugs": len(np.unique(np.concatenate([first["drug_a"], first["drug_b"]]))),
        "figures": {
            name: {
                metric: {"value": found[metric].score(), **intervals(found[metric], weights)}
                for metric in metrics
            }
            for name, found in own.items()
        },
        "differences": {
            name: {
                metric: _difference(own[name][metric], own[reference][metric], weights) for metric in metrics
            }
            for name in others
        },
    }


def _difference(run: Statistic, reference: Statistic, weights: Resamples) -> dict[str, Any]:
    found = compare(run, reference, weights)
    return found | {"win": {"left": "run", "right": "reference", "none": "none"}[found["win"]]}
