"""Baselines over several partitions of the drugs: their mean and spread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from mard.errors import InputError
from mard.gates.leakage import training_rows
from mard.gates.report import enforce
from mard.io import read_json, write_json
from mard.schema import Protocol
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Workspace

if TYPE_CHECKING:
    from mard.baselines.partitions import Corpus

FILE: Final = "partitions.json"
METRICS: Final = ("macro_f1", "accuracy", "ths")
FEWEST: Final = 2


def run_partitions(workspace: Workspace, count: int) -> dict[str, Any]:
    """Fit and score every baseline on ``count`` redrawings; writes ``partitions.json`` and returns it.

    Raises:
        InputError: Fewer than two, of which there is no spread.
    """
    if count < FEWEST:
        raise InputError(f"{count} partitions have no spread; ask for {FEWEST} at least")
    corpus = read_corpus(workspace)
    with Progress("baselines on partitions") as progress:
        rows = []
        for number in range(count):
            rows += list(_scored(corpus, number))
            progress(number + 1, count)
    found = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "partitions": count,
        "seeds": {"warm": corpus.split.warm_seed, "cold": corpus.split.cold_seed},
        "max_train": corpus.params.max_train,
        "protocols": summarise(rows),
    }
    write_json(workspace.artifacts / FILE, found)
    return found


def read_corpus(workspace: Workspace) -> Corpus:
    """The finished stages ingest, label, evidence and retrieve."""
    from mard.baselines.features import DrugTable
    from mard.baselines.partitions import Corpus
    from mard.retrieve.neighbours import NeighbourIndex

    evidence = contracts.read(workspace.need("evidence"), "evidence/drugs")
    fingerprints = np.load(workspace.need("evidence", "fingerprints.npy"), allow_pickle=False)
    params = workspace.params
    return Corpus(
        contracts.read(workspace.need("label"), "label/labels"),
        contracts.read(workspace.need("ingest"), "ingest/drugs"),
        NeighbourIndex.load(workspace.need("retrieve", "index")).features,
        DrugTable.build(evidence, fingerprints),
        params.split,
        params.retrieve.weights,
        params.baselines,
    )


def _scored(corpus: Corpus, number: int) -> Iterator[dict[str, Any]]:
    """Figures of one redrawing: a row a protocol and model."""
    from mard.baselines.contest import run_baselines
    from mard.evaluate.answers import Labels
    from mard.evaluate.classification import label_statistics
    from mard.evaluate.hierarchy import ths

    workers = len(os.sched_getaffinity(0))
    for contest, gold in corpus.contests(number, workers):
        name = f"partition {number} of {contest.protocol}"
        enforce([training_rows(name, contest.fitted_on().to_list(), contest.train)])
        truth = Labels.of(gold)
        for (model,), own in run_baselines(contest, workers).group_by("model", maintain_order=True):
            answers = gold.select("pair_id").join(own, on="pair_id", how="left", maintain_order="left")
            figures = label_statistics(truth, Labels.of(answers)) | {"ths": ths(truth, Labels.of(answers))}
            scored = {metric: figures[metric].score() for metric in METRICS}
            yield {"protocol": str(contest.protocol), "model": model, "pairs": gold.height, **scored}


def summarise(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By protocol, model and metric: every partition's value, their mean and sample standard deviation."""
    table = pl.DataFrame(rows)
    protocols: dict[str, dict[str, Any]] = {}
    for (protocol, model), own in table.group_by("protocol", "model", maintain_order=True):
        values = {metric: own[metric].to_list() for metric in METRICS}
        protocols.setdefault(str(protocol), {})[str(model)] = {
            metric: {"mean": round(mean(each), 4), "spread": round(stdev(each), 4), "values": each}
            for metric, each in values.items()
        }
    return protocols


def readable(found: dict[str, Any]) -> str:
    """A Markdown table: macro-F1 as mean ± spread, and the mean of THS."""
    protocols = [name for name in Protocol if name in found["protocols"]]
    bodies = [found["protocols"][name] for name in protocols]
    rows = [("macro-F1 ± spread / THS", *protocols), ("---",) * (1 + len(protocols))]
    rows += [(model, *(_cell(body[model]) for body in bodies)) for model in bodies[0]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figures: dict[str, Any]) -> str:
    f1 = figures["macro_f1"]
    return f"{f1['mean']:.3f} ± {f1['spread']:.3f} / {figures['ths']['mean']:.3f}"
