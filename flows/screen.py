"""Screen all pairs of a release's drugs, shard by shard, wherever the task runner puts the shards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from prefect import flow
from prefect.task_runners import TaskRunner

from flows.runners import results
from flows.servers import one_prefect_server
from mard.retrieve.screen import NOTICE
from tasks.progress import Progress, install_one_line_errors
from tasks.screen import Job, collect, pairs_of, pending, screen_shard


@flow(name="screen", validate_parameters=False)
def screen(job: Job) -> Mapping[str, Any]:
    """Compute the shards that are missing and close the screening with its manifest."""
    install_one_line_errors()
    shards = pending(job)
    done, total = 0, pairs_of(job, shards)
    with Progress("screening pairs") as progress:
        for counts in results([screen_shard.submit(job, shard) for shard in shards]):
            done += counts["pairs"]
            progress(done, total)
    return collect(job)


def run_screening(job: Job, runner: TaskRunner[Any]) -> None:
    """Run the flow with a task runner and say what came out.

    Raises:
        MardError: Whatever stopped the flow.
    """
    with one_prefect_server():
        manifest = screen.with_options(task_runner=runner)(job)
    typer.echo(readable(job.out, manifest))


def readable(out: Path, manifest: Mapping[str, Any]) -> str:
    """A finished screening as lines for a terminal."""
    asked, counts = manifest["screening"], manifest["counts"]
    left_out = (
        f"{counts['known']:,} already listed, "
        f"{counts['dissimilar']:,} below similarity {asked['min_similarity']:g}"
    )
    return "\n".join(
        [
            "",
            NOTICE,
            f"  folder     {out} ({len(manifest['files'])} files and manifest.json)",
            f"  asked      {asked['drugs']:,} drugs of the universe {asked['universe']!r}, k = {asked['k']}",
            f"  pairs      {counts['pairs']:,}, {counts['kept']:,} kept",
            f"  left out   {left_out}",
        ]
    )
