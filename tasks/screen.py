"""Screen: every pair of a release's drugs against the retrieval index, one Parquet file a shard.

A screening is a folder: ``plan.json`` says what was asked of which inputs, ``pairs-ROW-COLUMN.parquet``
holds a shard, and ``manifest.json`` closes it with counts and hashes. Shards that are there are not
computed again. It is no stage of the pipeline: nothing reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow.parquet as pq
from prefect import task
from prefect.cache_policies import NO_CACHE

from mard.errors import InputError
from mard.io import atomic_path, read_json, sha256_file, write_json
from mard.retrieve.screen import NOTICE, Known, Screened, Screener, Screening, Shard
from tasks.stage import Workspace, worth_retrying

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_DELAYS_S: Final = [1.0, 10.0]
COUNTS: Final = b"mard.counts"


@dataclass(frozen=True)
class Job:
    """A planned screening, small enough to be sent to a worker.

    Attributes:
        artifacts: Where the index lies, on a path that every worker sees.
        out: The screening's folder, likewise.
        plan: SHA-256 of its ``plan.json``.
    """

    artifacts: Path
    out: Path
    plan: str


def prepare(
    workspace: Workspace,
    out: Path,
    *,
    universe: str,
    k: int | None,
    drugs: Path | None,
    known: Known,
    min_similarity: float,
    shard_drugs: int,
) -> Job:
    """Write the plan, or find that the folder holds shards of the very same one.

    Args:
        workspace: Artifacts of the stages up to retrieve.
        out: Where the shards go.
        universe: Whose training pairs vote.
        k: Neighbours that vote, the nearest; by default as many as an evidence pool shows.
        drugs: A file with one drug a line, by id or name; by default all of the release.
        known: Whether pairs that the release lists are screened too.
        min_similarity: Pairs whose nearest neighbour is less like them are left out.
        shard_drugs: Drugs a block.

    Raises:
        MissingArtifact: A stage up to retrieve has not run.
        InputError: The question cannot be asked, or the folder holds another screening.
    """
    retrieve = workspace.need("retrieve", "manifest.json")
    header = read_json(workspace.need("retrieve", "index", "index.json"))
    if universe not in header["universes"]:
        raise InputError(f"no universe {universe!r} in the index; it has {', '.join(header['universes'])}")
    asked = Screening(
        universe=universe,
        k=read_json(retrieve)["k"] if k is None else k,
        known=known,
        min_similarity=min_similarity,
        shard_drugs=shard_drugs,
        drugs=tuple(_drugs(workspace, drugs)),
    )
    inputs = [workspace.need("label", "labels.parquet"), *_files(workspace.need("retrieve", "index"))]
    hashes = {str(path.relative_to(workspace.artifacts)): sha256_file(path) for path in inputs}
    plan = {"screening": json.loads(json.dumps(asdict(asked))), "inputs": hashes}
    path = out / "plan.json"
    begun = path.exists() and any(out.glob("pairs-*.parquet"))
    if begun and (differences := _differences(read_json(path), plan)):
        raise InputError(
            f"{out} holds another screening (not the same: {', '.join(differences)}); "
            "remove it or give another --out"
        )
    for leftover in out.glob(".*.partial"):
        leftover.unlink()
    write_json(path, plan)
    return Job(workspace.artifacts, out, sha256_file(path))


def pending(job: Job) -> list[Shard]:
    """The shards whose file is missing, in order."""
    return [shard for shard in _screening(job).shards() if not (job.out / shard.file_name).exists()]


def pairs_of(job: Job, shards: Iterable[Shard]) -> int:
    """How many pairs some shards have."""
    screening = _screening(job)
    return sum(map(screening.pairs_of, shards))


def compute(job: Job, shard: Shard) -> dict[str, int]:
    """Compute one shard and write its file; a file that is there already is taken as it is.

    Returns:
        The shard's counts.
    """
    target = job.out / shard.file_name
    if not target.exists():
        write(target, _screener(job).screen(shard))
    return counts_of(target)


def write(target: Path, screened: Screened) -> None:
    """Write a shard with its counts in the file's own metadata, so that they appear together."""
    table = screened.table.replace_schema_metadata({COUNTS: json.dumps(screened.counts)})
    with atomic_path(target, private=True) as partial:
        pq.write_table(table, partial, compression="zstd")


def counts_of(path: Path) -> dict[str, int]:
    """The counts that a shard's file carries.

    Raises:
        InputError: It is not a shard.
    """
    metadata = pq.read_schema(path).metadata or {}
    if COUNTS not in metadata:
        raise InputError(f"{path} is no shard of a screening; remove it and run again")
    counts: dict[str, int] = json.loads(metadata[COUNTS])
    return counts


def collect(job: Job) -> Mapping[str, Any]:
    """Close the screening: counts over all shards and the hash of every file."""
    plan = read_json(job.out / "plan.json")
    files, total = {}, dict.fromkeys(("pairs", "known", "dissimilar", "kept"), 0)
    for shard in _screening(job).shards():
        path = job.out / shard.file_name
        counts = counts_of(path)
        files[shard.file_name] = {"sha256": sha256_file(path), **counts}
        total = {name: total[name] + counts[name] for name in total}
    asked = {**plan["screening"], "drugs": len(plan["screening"]["drugs"])}
    manifest = {
        "notice": NOTICE,
        "screening": asked,
        "inputs": plan["inputs"],
        "counts": total,
        "files": files,
    }
    write_json(job.out / "manifest.json", manifest)
    return manifest


def _drugs(workspace: Workspace, chosen: Path | None) -> list[str]:
    from mard.label.aliases import AliasIndex
    from tasks import contracts

    drugs = contracts.read(workspace.need("ingest"), "ingest/drugs")
    if chosen is None:
        return sorted(drugs["drug_id"])
    if not chosen.is_file():
        raise InputError(f"{chosen}: no such file; --drugs takes a file with one drug a line, or all")
    names = AliasIndex.build(drugs)
    found = set()
    for number, line in enumerate(chosen.read_text(encoding="utf-8").splitlines(), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            try:
                found.add(names.find(name))
            except InputError as error:
                raise InputError(f"{chosen}, line {number}: {error}") from error
    return sorted(found)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What two plans do not have in common."""
    names = [name for name, value in new["screening"].items() if old.get("screening", {}).get(name) != value]
    return names + [name for name, value in new["inputs"].items() if old.get("inputs", {}).get(name) != value]


@lru_cache(maxsize=4)
def _screening(job: Job) -> Screening:
    path = job.out / "plan.json"
    if not path.exists() or sha256_file(path) != job.plan:
        raise InputError(
            f"this worker does not see {path} as it was written: every machine of a cluster must share "
            "that folder under the same path"
        )
    asked = read_json(path)["screening"]
    return Screening(**{**asked, "drugs": tuple(asked["drugs"])})


_OPENING = Lock()


def _screener(job: Job) -> Screener:
    with _OPENING:  # of many threads that ask at once, one opens the index
        return _open(job)


@lru_cache(maxsize=1)
def _open(job: Job) -> Screener:
    from mard.retrieve.neighbours import NeighbourIndex

    index = NeighbourIndex.load(job.artifacts / "retrieve" / "index")
    labelled = pl.read_parquet(job.artifacts / "label" / "labels.parquet", columns=["drug_a", "drug_b"])
    return Screener(index, _screening(job), labelled)


@task(
    name="screen_shard",
    task_run_name="screen shard {shard.row}-{shard.column}",
    retries=len(RETRY_DELAYS_S),
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def screen_shard(job: Job, shard: Shard) -> dict[str, int]:
    """Screen the pairs of two blocks of drugs."""
    return compute(job, shard)
