from __future__ import annotations

import os
from pathlib import Path

import pytest

from mard.errors import InputError, MissingArtifact
from mard.io import atomic_path, write_text
from tasks.borrow import borrow
from tasks.stage import Workspace, workspace_for
from tasks.versioning import stages_between


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    for stage in stages_between(None, "dpo"):
        write_text(folder / stage / "tables" / "one.csv", stage)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_for(tmp_path / "ablation")


def test_the_stages_before_the_first_are_there_without_their_weight(base: Path, workspace: Workspace) -> None:
    borrow(workspace, base, "sft")
    assert {path.name for path in workspace.artifacts.iterdir()} == set(stages_between(None, "consensus"))
    assert workspace.need("label", "tables", "one.csv").samefile(base / "label" / "tables" / "one.csv")


def test_running_a_borrowed_stage_again_leaves_the_base_alone(base: Path, workspace: Workspace) -> None:
    borrow(workspace, base, "sft")
    with atomic_path(workspace.stage("label")) as out:
        write_text(out / "tables" / "one.csv", "new")
    assert (base / "label" / "tables" / "one.csv").read_text(encoding="utf-8") == "label"
    borrow(workspace, base, "sft")  # a run that is started again
    assert workspace.need("label", "tables", "one.csv").read_text(encoding="utf-8") == "new"


def test_files_are_copied_where_they_cannot_be_shared(
    base: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across(source: str, target: str) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", across)
    borrow(workspace, base, "label")
    copied = workspace.need("ingest", "tables", "one.csv")
    assert copied.read_text(encoding="utf-8") == "ingest"
    assert not copied.samefile(base / "ingest" / "tables" / "one.csv")


@pytest.mark.parametrize("first", [None, "ingest"])
def test_there_must_be_something_to_borrow(base: Path, workspace: Workspace, first: str | None) -> None:
    with pytest.raises(InputError, match="--base needs --from STAGE"):
        borrow(workspace, base, first)


def test_the_folders_must_differ(base: Path) -> None:
    for own in (workspace_for(), workspace_for(base)):
        with pytest.raises(InputError, match="another folder than the base"):
            borrow(own, base, "sft")


def test_a_base_that_is_not_that_far_is_refused_whole(base: Path, workspace: Workspace) -> None:
    with pytest.raises(MissingArtifact, match="run the stage 'infer' first"):
        borrow(workspace, base, "evaluate")
    assert not workspace.artifacts.exists()
