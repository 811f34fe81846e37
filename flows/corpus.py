"""A drug release becomes labelled, split, gated and searchable."""

from __future__ import annotations

from collections.abc import Collection

from prefect import flow

from flows.stages import run_in_order
from tasks.evidence import evidence
from tasks.gates import gates
from tasks.ingest import ingest
from tasks.label import label
from tasks.retrieve import retrieve
from tasks.split import split
from tasks.stage import Workspace

STAGES = (ingest, label, evidence, split, gates, retrieve)


@flow(name="corpus", validate_parameters=False)
def corpus(workspace: Workspace, stages: Collection[str]) -> None:
    """Run the stages of this flow that ``stages`` names, in order."""
    run_in_order(STAGES, workspace, stages)
