"""The whole story: a drug release in, an audited and registered adapter out.

    corpus    ingest, label, evidence, split, gates, retrieve, baselines
    distill   teach, judge, prm, consensus
    train     sft, dpo
    release   infer, probe, evaluate, register

Without ``artifacts`` it works on the repository's own, versioned by DVC: a given release is adopted
into ``data/`` first, unchanged stages are skipped, and ``dvc status`` is clean afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from flows.corpus import corpus
from flows.distill import distill
from flows.release import release as release_flow
from flows.train import train
from tasks.progress import install_one_line_errors
from tasks.stage import Workspace, workspace_for
from tasks.tracking import parent_run
from tasks.versioning import adopt_release, changed_stages, stages_between


@flow(name="retrain", log_prints=True)
def retrain(
    release: str | None = None,
    artifacts: str | None = None,
    preset: str | None = None,
    overrides: list[str] | None = None,
    first: str | None = None,
    last: str | None = None,
) -> None:
    """Retrain on a release, from stage ``first`` to stage ``last``, both included.

    Args:
        release: A DrugBank release; without it, the one in ``data/``.
        artifacts: A folder to work in beside the repository's own artifacts.
        preset: A preset to overlay, by name.
        overrides: ``section.key=value`` texts.
        first: The first stage to run.
        last: The last stage to run.
    """
    install_one_line_errors()
    if release is not None and artifacts is None:
        adopt_release(Path(release))
        release = None
    workspace = workspace_for(
        Path(artifacts) if artifacts else None,
        release=Path(release) if release else None,
        preset=preset,
        overrides=overrides or (),
    )
    stages = stages_between(first, last)
    if workspace.versioned and not set(changed_stages()) & set(stages):
        _run(workspace, stages)
        return
    with parent_run(workspace, name=str(flow_run.get_name()), flow_run_id=str(flow_run.get_id())) as run_id:
        _run(replace(workspace, parent_run=run_id), stages)


def _run(workspace: Workspace, stages: tuple[str, ...]) -> None:
    for part in (corpus, distill, train, release_flow):
        part(workspace, stages)


if __name__ == "__main__":
    retrain()
