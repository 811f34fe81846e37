"""What ``mard release diff`` does: bring two releases to evidence, compare them, write what changed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

import polars as pl

from mard.drift.compare import Drift, compare
from mard.drift.page import render_page
from mard.drift.release import Release, wordings
from mard.errors import InputError, ReleaseError
from mard.ingest.container import find_release
from mard.ingest.drugbank import ReleaseInfo
from mard.io import atomic_path, read_json, sha256_file, write_json, write_text
from mard.label.taxonomy import load_taxonomy
from tasks import contracts
from tasks.environment import REPOSITORY
from tasks.progress import logger
from tasks.stage import Workspace, fingerprint, run_stage, workspace_for

STAGES: Final = ("ingest", "label", "evidence")
CACHE: Final = "releases"
OUT: Final = "release_diff"
UNGATED: Final = "label.max_unmatched_share=1"  # what no rule reads is reported here, not refused

Splits = tuple[pl.DataFrame, pl.DataFrame]


def release_diff(old: Path, new: Path, artifacts: Path | None) -> Drift:
    """Compare two releases, each a release file or a folder of finished artifacts.

    Raises:
        InputError: A path is neither.
        MardError: Whatever a stage finds wrong with a release.
    """
    workspace = workspace_for(artifacts)
    sources = [_source(path) for path in (old, new)]
    before, after = (_staged(source, workspace) for source in sources)
    return compare(_read(before), _read(after), load_taxonomy(), _splits(before))


def default_out(artifacts: Path | None) -> Path:
    """Where the results go when nothing else is said."""
    return workspace_for(artifacts).stage(OUT)


def write_diff(drift: Drift, out: Path) -> None:
    """Write diff.json, diff.html, and every changed row as Parquet and CSV; a file is whole or absent."""
    write_json(out / "diff.json", drift.to_dict())
    write_text(out / "diff.html", render_page(drift))
    for name, table in drift.tables().items():
        with atomic_path(out / f"{name}.parquet") as partial:
            table.write_parquet(partial, compression="zstd", statistics=False)
        with atomic_path(out / f"{name}.csv") as partial:
            table.write_csv(partial)


def _source(path: Path) -> Path:
    """A release file, or a folder of artifacts."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if (path / "ingest").is_dir():
        return path
    try:
        return find_release(path)
    except ReleaseError as error:
        raise InputError(
            f"{path}: give a release file, or a folder that holds ingest/, label/ and evidence/"
        ) from error


def _staged(source: Path, workspace: Workspace) -> Workspace:
    """The workspace that holds a release's tables: its own, or one kept by the release's content.

    A stage that a killed run has finished is not run again.
    """
    if source.is_dir():
        return workspace_for(source)
    folder = workspace.work(CACHE, _key(source, workspace))
    own = workspace_for(folder, release=source, overrides=[UNGATED])
    for stage in STAGES:
        if own.stage(stage).exists():
            logger().info(f"{source.name}: {stage} is kept from before")
        else:
            run_stage(stage, import_module(f"tasks.{stage}").compute, own)
    return own


def _key(file: Path, workspace: Workspace) -> str:
    """What the tables depend on: the release's bytes, the parameters and the code of the stages."""
    params = workspace.params
    side_table = [] if params.ingest.kegg is None else [REPOSITORY / params.ingest.kegg]
    rooms = (REPOSITORY / "mard" / stage for stage in STAGES)
    code = [path for room in rooms for path in sorted(room.rglob("*")) if path.suffix in (".py", ".tsv")]
    return fingerprint(sha256_file(file), params.evidence, *side_table, *code)


def _read(workspace: Workspace) -> Release:
    def table(name: str) -> pl.DataFrame:
        stage, file = name.split("/")
        return contracts.read(workspace.need(stage, f"{file}.parquet").parent, name)

    info = read_json(workspace.need("ingest", "manifest.json"))["release"]
    return Release(
        info=ReleaseInfo(**info),
        taxonomy_version=read_json(workspace.need("label", "manifest.json"))["taxonomy_version"],
        drugs=table("ingest/drugs"),
        labels=table("label/labels"),
        templates=table("label/templates"),
        unmatched=table("label/unmatched"),
        conflicts=table("label/conflicts"),
        evidence=table("evidence/drugs"),
        wordings=wordings(pl.scan_parquet(workspace.need("ingest", "interactions.parquet"))),
    )


def _splits(workspace: Workspace) -> Splits | None:
    """The fixed pairs of a release that was split."""
    folder = workspace.stage("split")
    if not folder.is_dir():
        return None
    return contracts.read(folder, "split/teacher_subset"), contracts.read(folder, "split/eval")
