"""Baselines: votes and structural models of each protocol, and their answers on val and test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.gates.leakage import GateResult, training_rows
from mard.gates.report import enforce, to_rows
from mard.io import read_json, sha256_file, write_json
from mard.schema import Part, Protocol
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

if TYPE_CHECKING:
    from mard.baselines.contest import Contest

PAIR: Final = ("pair_id", "drug_a", "drug_b")


@dataclass(frozen=True)
class Inputs:
    """What earlier stages have written, read once."""

    workspace: Workspace

    @cached_property
    def queries(self) -> pl.DataFrame:
        """Held-out pairs of the manifests: ``protocol``, ``part`` and the pair."""
        table = contracts.read(self.workspace.need("retrieve"), "retrieve/queries")
        asked = table.filter(pl.col("set").is_in([str(protocol) for protocol in Protocol]))
        return asked.select(pl.col("set").alias("protocol"), "part", *PAIR)

    def contest(self, protocol: Protocol) -> Contest:
        """What the baselines of one protocol are fitted on and asked."""
        from mard.baselines.contest import Contest

        split = contracts.read(self.workspace.need("split"), f"split/{protocol}")
        train = split.filter(pl.col("part") == Part.TRAIN).drop("part")
        queries = self.queries.filter(pl.col("protocol") == protocol).select(PAIR)
        return Contest(protocol, train, queries, self._index, self._drugs, self.workspace.params.baselines)

    @cached_property
    def _index(self) -> Any:
        from mard.retrieve.neighbours import NeighbourIndex

        return NeighbourIndex.load(self.workspace.need("retrieve", "index"))

    @cached_property
    def _drugs(self) -> Any:
        from mard.baselines.features import DrugTable

        folder = self.workspace.need("evidence")
        fingerprints = np.load(folder / "fingerprints.npy", allow_pickle=False)
        return DrugTable.build(contracts.read(folder, "evidence/drugs"), fingerprints)


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write everyone's answers and the findings of gate 9."""
    inputs = Inputs(workspace)
    contests = {protocol: inputs.contest(protocol) for protocol in Protocol}
    gates = list(check(workspace, contests))
    enforce(gates)
    answers = pl.concat(run(contest) for contest in contests.values())
    parts = inputs.queries.select("protocol", "part", "pair_id")
    table = answers.join(parts, on=["protocol", "pair_id"], maintain_order="left")
    columns = list(contracts.TABLES["baselines/predictions"].columns)
    contracts.write(out, "baselines/predictions", table.select(columns))
    write_json(out / "gates.json", to_rows(gates))
    manifest = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "models": table["model"].unique(maintain_order=True).to_list(),
        "train": {protocol: contest.train.height for protocol, contest in contests.items()},
        "answers": {protocol: contest.queries.height for protocol, contest in contests.items()},
        "sha256": {"predictions.parquet": sha256_file(out / "predictions.parquet")},
    }
    write_json(out / "manifest.json", manifest)
    return {"models": len(manifest["models"]), "train": manifest["train"], "answers": manifest["answers"]}


def run(contest: Contest) -> pl.DataFrame:
    """Everyone's answers on one protocol."""
    from mard.baselines.contest import run_baselines

    with Progress(f"baselines on {contest.protocol}") as progress:
        return run_baselines(contest, len(os.sched_getaffinity(0)), progress)


def check(workspace: Workspace, contests: dict[Protocol, Contest]) -> Iterator[GateResult]:
    """Gate 9: a protocol's baselines are fitted on pairs of its own train, and learn from no others."""
    for protocol, contest in contests.items():
        split = contracts.read(workspace.need("split"), f"split/{protocol}")
        train = split.filter(pl.col("part") == Part.TRAIN)
        yield training_rows(f"baselines on {protocol}", contest.fitted_on().to_list(), train)


@task(
    name="baselines",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def baselines(workspace: Workspace) -> Summary:
    """Votes and structural models, fitted on each protocol's train, and their answers on val and test."""
    return reproduce("baselines", compute, workspace)
