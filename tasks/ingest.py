"""Ingest: the licensed release and its optional side files to tables."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.ingest.ddinter import read_severity
from mard.ingest.drugbank import ReleaseTables, find_release, parse_release
from mard.ingest.kegg import read_kegg
from mard.io import write_json
from tasks import contracts
from tasks.progress import Progress
from tasks.stage import REPOSITORY, Summary, Workspace, worth_retrying
from tasks.versioning import reproduce

BYTES_A_PROCESS: Final = 100_000_000
NO_SEVERITY: Final = {"pair_id": pl.String, "severity": pl.String}


def compute(workspace: Workspace, out: Path) -> Summary:
    """Parse the release; write one table per kind of row, and the manifest that names the release."""
    params = workspace.params.ingest
    file = find_release(REPOSITORY / params.release)
    with Progress("ingest: bytes") as progress:
        release = parse_release(file, processes=_processes(file), on_progress=progress)
    pathways = release.pathways
    if params.kegg is not None:
        pathways = pl.concat([pathways, read_kegg(REPOSITORY / params.kegg, release.drugs)])
    severity = pl.DataFrame(schema=NO_SEVERITY)
    if params.ddinter is not None:
        severity = read_severity(REPOSITORY / params.ddinter, release.drugs)

    contracts.write(out, "ingest/drugs", release.drugs)
    contracts.write(out, "ingest/proteins", release.proteins)
    contracts.write(out, "ingest/pathways", pathways.sort("drug_id", "pathway_id"))
    contracts.write_batches(out, "ingest/interactions", release.interactions.batches())
    contracts.write(out, "ingest/rejected", release.rejected)
    contracts.write(out, "ingest/severity", severity)
    counts = _counts(release, pathways, severity)
    write_json(out / "manifest.json", {"release": asdict(release.info), "counts": counts})
    return {"release": release.info.file, "drugs": counts["drugs"], "pairs": counts["pairs"]}


def _processes(file: Path) -> int:
    """As many as this process has cores, but only one for each hundred megabytes.

    A daemonic process, such as a worker of a cluster, may have no children and reads by itself.
    """
    if multiprocessing.current_process().daemon:
        return 1
    return min(len(os.sched_getaffinity(0)), 1 + file.stat().st_size // BYTES_A_PROCESS)


def _counts(release: ReleaseTables, pathways: pl.DataFrame, severity: pl.DataFrame) -> dict[str, int]:
    reasons = release.rejected["reason"].value_counts().sort("reason")
    return {
        "drugs": release.drugs.height,
        "proteins": release.proteins.height,
        "pathways": pathways.height,
        "listings": release.interactions.height,
        "pairs": release.interactions.count_pairs(),
        "severities": severity.height,
        "rejected": release.rejected.height,
        **{f"rejected_{reason}": count for reason, count in reasons.iter_rows()},
    }


@task(
    name="ingest", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE
)
def ingest(workspace: Workspace) -> Summary:
    """A DrugBank release to tables (method, section 1)."""
    return reproduce("ingest", compute, workspace)
