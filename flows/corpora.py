"""Many drug releases at once: each becomes a corpus in a folder of its own, by the same stages as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import TaskRunner

from flows.corpus import CORPUS
from flows.runners import result_of
from flows.servers import one_prefect_server
from mard.errors import InputError, MardError
from mard.io import read_json
from tasks.progress import install_one_line_errors
from tasks.stage import Workspace, workspace_for

SUFFIXES = (".xml", ".xml.gz", ".zip")


@task(name="corpus", task_run_name="corpus {workspace.artifacts.name}", cache_policy=NO_CACHE)
def build(workspace: Workspace) -> None:
    """The stages ingest to retrieve of one release, each a task run that retries by itself."""
    install_one_line_errors()
    for stage in CORPUS:
        stage(workspace)


@flow(name="corpora", validate_parameters=False)
def corpora(workspaces: Sequence[Workspace]) -> None:
    """Build all corpora; a release that fails does not stop the others.

    Raises:
        MardError: Names the releases that failed, and why.
    """
    install_one_line_errors()
    futures = [build.submit(workspace) for workspace in workspaces]
    failed = []
    for workspace, future in zip(workspaces, futures, strict=True):
        try:
            result_of(future)
        except MardError as error:
            failed.append(f"{workspace.artifacts.name}: {error}")
    if failed:
        raise MardError(f"{len(failed)} of {len(workspaces)} releases failed: {'; '.join(failed)}")


def build_corpora(
    releases: Sequence[Path],
    artifacts: Path,
    preset: str | None,
    overrides: Sequence[str],
    runner: TaskRunner[Any],
) -> None:
    """Run the flow with a task runner and say where the corpora are.

    Raises:
        MardError: A parameter is wrong, or a release failed.
    """
    workspaces = [
        workspace_for(artifacts / name, release=release, preset=preset, overrides=overrides)
        for name, release in named(releases).items()
    ]
    with one_prefect_server():
        corpora.with_options(task_runner=runner)(workspaces)
    for workspace in workspaces:
        counts = read_json(workspace.need("ingest", "manifest.json"))["counts"]
        typer.echo(f"{counts['drugs']:>8,} drugs {counts['pairs']:>10,} pairs  {workspace.artifacts}")


def named(releases: Sequence[Path]) -> dict[str, Path]:
    """Releases by the name of their folder: the file's name without its suffix.

    Raises:
        InputError: A file is missing, or two have the same name.
    """
    found: dict[str, Path] = {}
    for release in releases:
        if not release.is_file():
            raise InputError(f"{release}: no such release file")
        suffix = next((suffix for suffix in SUFFIXES[::-1] if release.name.endswith(suffix)), "")
        name = release.name.removesuffix(suffix)
        if name in found:
            raise InputError(f"{found[name]} and {release} would both go to the folder {name!r}: rename one")
        found[name] = release
    return found
