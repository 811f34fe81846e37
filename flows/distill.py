"""Teachers reason, judges check, the process reward model scores, and one trace a pair is chosen."""

from __future__ import annotations

from collections.abc import Collection

from prefect import flow

from flows.stages import run_in_order
from tasks.consensus import consensus
from tasks.judge import judge
from tasks.prm import prm
from tasks.stage import Workspace
from tasks.teach import teach

STAGES = (teach, judge, prm, consensus)


@flow(name="distill", validate_parameters=False)
def distill(workspace: Workspace, stages: Collection[str]) -> None:
    """Run the stages of this flow that ``stages`` names, in order."""
    run_in_order(STAGES, workspace, stages)
