"""A drug release becomes labelled, split, gated and searchable; baselines say what it gives away easily."""

from __future__ import annotations

from collections.abc import Collection

from prefect import flow

from flows.stages import run_in_order
from tasks.baselines import baselines
from tasks.evidence import evidence
from tasks.gates import gates
from tasks.ingest import ingest
from tasks.label import label
from tasks.retrieve import retrieve
from tasks.split import split
from tasks.stage import Workspace

CORPUS = (ingest, label, evidence, split, gates, retrieve)
STAGES = (*CORPUS, baselines)


@flow(name="corpus", validate_parameters=False)
def corpus(workspace: Workspace, stages: Collection[str]) -> None:
    """Run the stages of this flow that ``stages`` names, in order."""
    run_in_order(STAGES, workspace, stages)
