"""Stages under DVC: skip what has not changed, record what was run."""

from __future__ import annotations

from tasks.stage import Compute, Summary, Workspace, run_stage


def reproduce(name: str, compute: Compute, workspace: Workspace) -> Summary:
    """Run a stage."""
    return run_stage(name, compute, workspace)
