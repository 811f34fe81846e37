"""One recipe run several times, on other partitions of the drugs or with other seeds: what holds on average.

A partition holds a tenth of the drugs out, and which ones these are decides more than the number of their
pairs. The mean over runs of a difference is therefore what a claim should rest on. Its interval draws the
drugs of all runs together: a drug that is tested in several of them comes and goes in all. It says nothing
of the drugs that all runs train on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np
import polars as pl

from mard.errors import InputError
from mard.evaluate.answers import Labels, texts
from mard.evaluate.bootstrap import bounds, multiplicities, pair_weights, winner
from mard.evaluate.comparison import LABEL, FinishedRun
from mard.evaluate.evaluation import GREEDY
from mard.evaluate.mirror_consistency import mirror_statistics
from mard.evaluate.statistic import DIGITS, Floats, Statistic, Texts
from mard.evaluate.systems import headline_statistics
from mard.schema import Protocol

STUDENTS: Final = (GREEDY, "symmetrise", "stack", "hybrid")
"""Layers that stand for the student: as it answers one ordering, both made one, the stack, the stack that
listens to structural models too."""


@dataclass(frozen=True)
class Repeat:
    """A run of the recipe.

    Attributes:
        run: What its evaluation left.
        baselines: Table ``baselines/predictions``.
    """

    run: FinishedRun
    baselines: pl.DataFrame


@dataclass(frozen=True)
class _Scored:
    """One protocol of one run: metrics by system, and the drugs of its ``n`` pairs."""

    systems: Mapping[str, Mapping[str, Statistic]]
    drug_a: Texts
    drug_b: Texts

    @property
    def drugs(self) -> Texts:
        """Every drug once, sorted."""
        return np.unique(np.concatenate([self.drug_a, self.drug_b]))


@dataclass(frozen=True)
class _Weighted:
    """A run's metrics, and what its pairs weigh on each resample of all runs' drugs ``[r, n]``."""

    systems: Mapping[str, Mapping[str, Statistic]]
    weights: Floats


def pool_repeats(repeats: Sequence[Repeat], *, resamples: int, seed: int) -> dict[str, Any]:
    """Means, spreads and pooled intervals by protocol, as plain values.

    Args:
        repeats: At least two runs.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Returns:
        By protocol that every run answered ``pairs`` and ``drugs`` of each run; ``systems``, by name and
        metric the ``mean``, sample standard deviation (``spread``), ``cluster`` interval of the mean, and
        ``values`` by run; and ``differences``, by student, baseline and metric likewise, with ``win`` as in
        :func:`mard.evaluate.bootstrap.compare`.

    Raises:
        InputError: Fewer than two runs.
    """
    if len(repeats) < 2:
        raise InputError(f"{len(repeats)} run has no spread; name two at least")
    return {
        str(protocol): _pooled([_scored(repeat, protocol) for repeat in repeats], resamples, seed)
        for protocol in Protocol
        if all((repeat.run.answers["protocol"] == protocol).any() for repeat in repeats)
    }


def _scored(repeat: Repeat, protocol: Protocol) -> _Scored:
    rows = repeat.run.answers.filter(pl.col("protocol") == protocol)
    layers = [name for name in STUDENTS if name in rows["layer"].unique()]
    sides = {(name, side): _side(rows, name, side) for name in layers for side in ("ab", "ba")}
    first = sides[layers[0], "ab"]
    gold = Labels.of(first.select(**{name: f"gold_{name}" for name in LABEL}))
    systems = {name: headline_statistics(gold, sides[name, "ab"]) for name in layers}
    systems[GREEDY] |= mirror_statistics(*(Labels.of(sides[GREEDY, side]) for side in ("ab", "ba")))
    asked = repeat.baselines.filter(pl.col("protocol") == protocol).join(first, on="pair_id", how="semi")
    for (name,), own in asked.group_by("model", maintain_order=True):
        systems[str(name)] = headline_statistics(gold, own.sort("pair_id"))
    return _Scored(systems, texts(first["drug_a"]), texts(first["drug_b"]))


def _side(rows: pl.DataFrame, layer: str, ordering: str) -> pl.DataFrame:
    return rows.filter((pl.col("layer") == layer) & (pl.col("ordering") == ordering)).sort("pair_id")


def _weighted(runs: Sequence[_Scored], resamples: int, seed: int) -> list[_Weighted]:
    """A pair counts as often as both its drugs are drawn; a drug is drawn once for all runs."""
    drugs = np.unique(np.concatenate([run.drugs for run in runs]))
    drawn = multiplicities(np.random.default_rng(seed), len(drugs), resamples)
    return [_Weighted(run.systems, pair_weights(drugs, drawn, run.drug_a, run.drug_b)) for run in runs]


def _pooled(scored: Sequence[_Scored], resamples: int, seed: int) -> dict[str, Any]:
    runs = _weighted(scored, resamples, seed)
    common = [name for name in runs[0].systems if all(name in run.systems for run in runs)]
    students = [name for name in common if name in STUDENTS]
    return {
        "pairs": [len(run.drug_a) for run in scored],
        "drugs": [len(run.drugs) for run in scored],
        "systems": {
            name: {metric: _mean(runs, name, None, metric) for metric in runs[0].systems[name]}
            for name in common
        },
        "differences": {
            student: {
                rival: {
                    metric: _difference(runs, student, rival, metric) for metric in runs[0].systems[rival]
                }
                for rival in common
                if rival not in STUDENTS
            }
            for student in students
        },
    }


def _difference(runs: Sequence[_Weighted], student: str, rival: str, metric: str) -> dict[str, Any]:
    found = _mean(runs, student, rival, metric)
    who = {"left": "student", "right": "baseline", "none": "none"}
    return found | {"win": who[winner(found["cluster"])]}


def _mean(runs: Sequence[_Weighted], name: str, rival: str | None, metric: str) -> dict[str, Any]:
    """Of a metric, or of what it is greater by than a rival's."""

    def over(run: _Weighted, weights: Floats) -> Floats:
        own = run.systems[name][metric].over(weights)
        return own if rival is None else own - run.systems[rival][metric].over(weights)

    values = [float(over(run, np.ones((1, run.weights.shape[1])))[0]) for run in runs]
    drawn = np.mean([over(run, run.weights) for run in runs], axis=0)
    return {
        "mean": round(fmean(values), DIGITS),
        "spread": round(stdev(values), DIGITS),
        "cluster": bounds(drawn),
        "values": [round(value, DIGITS) for value in values],
    }
