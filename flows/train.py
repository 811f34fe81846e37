"""The student learns the traces and their mirror images, then to prefer the better one."""

from __future__ import annotations

from collections.abc import Collection

from prefect import flow

from flows.stages import run_in_order
from tasks.dpo import dpo
from tasks.sft import sft
from tasks.stage import Workspace

STAGES = (sft, dpo)


@flow(name="train", validate_parameters=False)
def train(workspace: Workspace, stages: Collection[str]) -> None:
    """Run the stages of this flow that ``stages`` names, in order."""
    run_in_order(STAGES, workspace, stages)
