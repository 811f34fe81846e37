"""An ablation repeats the stages that it changes: those before them are taken from another run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mard.errors import InputError, MissingArtifact
from tasks.stage import Workspace
from tasks.versioning import stages_between


def borrow(workspace: Workspace, base: Path, first: str | None) -> None:
    """Give a workspace the finished stages before ``first``, without copying their content.

    Stages replace whole folders and never write into a file, so files can be shared by hard links;
    where the two folders lie on different file systems they are copied. A stage that is there stays.

    Raises:
        InputError: There is nothing to borrow, or no folder apart to give it to.
        MissingArtifact: The base lacks a stage.
    """
    base = base.resolve()
    if workspace.versioned or base == workspace.artifacts:
        raise InputError("--base needs --artifacts DIR, another folder than the base")
    earlier = stages_between(None, first)[:-1] if first is not None else ()
    if not earlier:
        raise InputError("--base needs --from STAGE: the stages before it are taken from the base")
    for stage in earlier:
        if not (base / stage).is_dir():
            raise MissingArtifact(base / stage, stage)
    for stage in earlier:
        if not workspace.stage(stage).exists():
            shutil.copytree(base / stage, workspace.stage(stage), copy_function=_share)


def _share(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
