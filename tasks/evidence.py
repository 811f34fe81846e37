"""Evidence: what may be cited about each drug."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.io import read_json, write_json
from tasks import contracts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write the evidence table, fingerprints and their coverage."""
    from mard.evidence.pool import build_evidence, coverage

    ingest = workspace.need("ingest")
    tables = build_evidence(
        contracts.read(ingest, "ingest/drugs"),
        contracts.read(ingest, "ingest/proteins"),
        contracts.read(ingest, "ingest/pathways"),
        workspace.params.evidence,
    )
    contracts.write(out, "evidence/drugs", tables.drugs)
    np.save(out / "fingerprints.npy", tables.fingerprints, allow_pickle=False)
    summary = {"drugs": tables.drugs.height, "coverage": coverage(tables.drugs)}
    release = read_json(ingest / "manifest.json")["release"]
    write_json(out / "manifest.json", {**summary, "release": release})
    return summary


@task(
    name="evidence",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def evidence(workspace: Workspace) -> Summary:
    """PK flags, codes, proteins, pathways, half-lives, excerpts and fingerprints by drug."""
    return reproduce("evidence", compute, workspace)
