"""Stages under DVC: ``dvc.yaml`` is the only list of stages, and DVC's hashes the only cache.

A stage of the repository's own artifacts is skipped when DVC finds nothing changed and is recorded in
``dvc.lock`` after it ran, so a flow leaves the repository exactly as ``dvc repro`` would. Artifacts
elsewhere are not versioned: their stages always run.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mard.errors import InputError
from mard.io import atomic_path
from tasks.progress import logger
from tasks.stage import REPOSITORY, Compute, Summary, Workspace, headline, run_stage

UNCHANGED: Summary = {"skipped": "unchanged"}


@cache
def stage_names() -> tuple[str, ...]:
    """All stages, in order."""
    return tuple(yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


def stages_between(first: str | None, last: str | None) -> tuple[str, ...]:
    """The stages from ``first`` to ``last``, both included.

    Raises:
        InputError: A name is not a stage, or the first comes after the last.
    """
    names = stage_names()
    for name in (first, last):
        if name is not None and name not in names:
            raise InputError(f"{name!r} is not a stage; the stages are {', '.join(names)}")
    begin = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    if begin > end:
        raise InputError(f"stage {first!r} comes after {last!r}; the order is {', '.join(names)}")
    return names[begin : end + 1]


def reproduce(name: str, compute: Compute, workspace: Workspace) -> Summary:
    """Run a stage unless DVC says that nothing it depends on has changed."""
    log = logger()
    if not workspace.versioned:
        summary = run_stage(name, compute, workspace)
    elif _is_current(name):
        log.info(f"{name}: unchanged, skipped")
        return UNCHANGED
    else:
        summary = run_stage(name, compute, workspace)
        _record(name)
    log.info(f"{name}: {headline(summary)}")
    return summary


def adopt_release(path: Path) -> None:
    """Make ``path`` the release in ``data/`` and pin it in ``data.dvc``.

    The old folder stays whole until the new one is complete; DVC keeps what it held in its cache.

    Raises:
        InputError: There is no such file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such release file")
    data = REPOSITORY / "data"
    with atomic_path(data) as partial:
        partial.mkdir()
        shutil.copy2(path, partial / path.name)
    track_data()


def track_data() -> None:
    """Pin what ``data/`` holds in ``data.dvc`` and keep it in DVC's cache."""
    with _repository() as repo:
        repo.add([str(REPOSITORY / "data")])


def changed_stages() -> list[str]:
    """Stages that ``dvc repro`` would run, as far as can be told before anything ran."""
    with _repository() as repo:
        status = repo.status(list(stage_names()))
    return [name for name in stage_names() if name in status]


def _is_current(name: str) -> bool:
    """Whether a stage is up to date; outputs that are only missing are brought back from the cache."""
    with _repository() as repo:
        stage = repo.stage.load_one(name=name)
        with repo.lock:
            changed, cached = stage.changed(), stage.already_cached()
        if changed and cached:
            repo.checkout([name], force=True)
    return not changed or cached


def _record(name: str) -> None:
    with _repository() as repo:
        repo.commit(name, force=True)


def _repository() -> Any:
    from dvc.repo import Repo

    return Repo(str(REPOSITORY))
