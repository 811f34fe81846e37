"""Split: three protocols, the teacher subset and the evaluation manifests, pinned by their hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.io import read_json, sha256_file, write_json
from mard.schema import Part, Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.subset import evaluation_manifest, teacher_subset
from mard.split.warm import warm_split
from tasks import contracts
from tasks.stage import Summary, Workspace, worth_retrying
from tasks.versioning import reproduce


def compute(workspace: Workspace, out: Path) -> Summary:
    """Write every split table and a manifest with their counts and hashes."""
    params = workspace.params.split
    labels = contracts.read(workspace.need("label"), "label/labels")
    drugs = contracts.read(workspace.need("ingest"), "ingest/drugs")
    partition = drug_partition(labels, drugs, params)
    splits = {
        Protocol.WARM: warm_split(labels, params),
        Protocol.DRUG_COLD: drug_cold_split(labels, partition),
        Protocol.PAIR_COLD: pair_cold_split(labels, partition),
    }
    subset = teacher_subset(splits, params)
    tables = {
        **{str(protocol): split for protocol, split in splits.items()},
        "drug_partition": partition,
        "teacher_subset": subset,
        "eval": evaluation_manifest(splits, params.eval_sizes, params.warm_seed),
    }
    files = {name: contracts.write(out, f"split/{name}", table) for name, table in tables.items()}
    counts = {name: _counts(table) for name, table in tables.items() if name != "eval"}
    manifest = {
        "release": read_json(workspace.need("ingest", "manifest.json"))["release"],
        "seeds": {"warm": params.warm_seed, "cold": params.cold_seed},
        "counts": counts,
        "families": {str(protocol): _families(split) for protocol, split in splits.items()},
        "set_aside": counts[Protocol.PAIR_COLD].get(Part.ASIDE, 0),
        "sha256": {path.name: sha256_file(path) for path in files.values()},
    }
    write_json(out / "manifest.json", manifest)
    return {"counts": counts, "set_aside": manifest["set_aside"]}


def _counts(table: pl.DataFrame) -> dict[str, int]:
    counts = table["part"].value_counts().sort("part")
    return dict(counts.iter_rows())


def _families(split: pl.DataFrame) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, Any]] = {}
    for part, family, pairs in split.group_by("part", "family").len().sort("part", "family").iter_rows():
        counts.setdefault(part, {})[family] = pairs
    return counts


@task(
    name="split", retries=1, retry_delay_seconds=2, retry_condition_fn=worth_retrying, cache_policy=NO_CACHE
)
def split(workspace: Workspace) -> Summary:
    """Warm, drug-cold and pair-cold splits, the teacher subset and evaluation manifests."""
    return reproduce("split", compute, workspace)
