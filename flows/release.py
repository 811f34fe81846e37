"""The student answers the held-out pairs, is probed and measured, and is registered."""

from __future__ import annotations

from collections.abc import Collection

from prefect import flow

from flows.stages import run_in_order
from tasks.evaluate import evaluate
from tasks.infer import infer
from tasks.probe import probe
from tasks.register import register
from tasks.stage import Workspace

STAGES = (infer, probe, evaluate, register)


@flow(name="release", validate_parameters=False)
def release(workspace: Workspace, stages: Collection[str]) -> None:
    """Run the stages of this flow that ``stages`` names, in order."""
    run_in_order(STAGES, workspace, stages)
