"""How the parts of the pipeline run their stages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from prefect import Task

from tasks.stage import Summary, Workspace

Stage = Task[[Workspace], Summary]


def run_in_order(stages: Sequence[Stage], workspace: Workspace, wanted: Collection[str]) -> None:
    """Run those of a part's ``stages`` that are ``wanted`` by name."""
    for stage in stages:
        if stage.name in wanted:
            stage(workspace)
