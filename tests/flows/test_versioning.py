"""A flow leaves a repository as ``dvc repro`` would, and skips what it would skip (a real DVC repository)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.repo import Repo

import tasks.stage
import tasks.versioning
from mard.config import load_params
from mard.errors import InputError
from tasks.stage import Summary, Workspace
from tasks.versioning import UNCHANGED, adopt_release, changed_stages, reproduce, stages_between

PIPELINE = """\
stages:
  copy:
    cmd: mkdir -p artifacts/copy && cp in.txt artifacts/copy/out.txt
    deps: [in.txt]
    outs: [artifacts/copy]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "in.txt").write_text("one")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    Repo.init(str(tmp_path), no_scm=True).close()
    monkeypatch.setattr(tasks.versioning, "REPOSITORY", tmp_path)
    monkeypatch.setattr(tasks.stage, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)
    tasks.versioning.stage_names.cache_clear()
    yield tmp_path
    tasks.versioning.stage_names.cache_clear()


def _copy(workspace: Workspace, out: Path) -> Summary:
    text = Path("in.txt").read_text()
    (out / "out.txt").write_text(text)
    return {"text": text}


def _workspace(root: Path) -> Workspace:
    return Workspace(
        load_params(Path(__file__).parents[2] / "params.yaml"), "sqlite:///none.db", root / "artifacts"
    )


def _repro(root: Path) -> str:
    command = [sys.executable, "-m", "dvc", "repro"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def test_a_stage_runs_once_then_is_skipped_by_both_drivers(project: Path) -> None:
    workspace = _workspace(project)
    assert changed_stages() == ["copy"]
    assert reproduce("copy", _copy, workspace) == {"text": "one"}
    assert changed_stages() == []
    assert reproduce("copy", _copy, workspace) is UNCHANGED
    assert "didn't change, skipping" in _repro(project)


def test_a_change_of_input_runs_it_again(project: Path) -> None:
    workspace = _workspace(project)
    reproduce("copy", _copy, workspace)
    (project / "in.txt").write_text("two")
    assert reproduce("copy", _copy, workspace) == {"text": "two"}


def test_what_dvc_ran_the_flow_skips(project: Path) -> None:
    _repro(project)
    assert reproduce("copy", _copy, _workspace(project)) is UNCHANGED


def test_a_missing_output_comes_back_from_the_cache(project: Path) -> None:
    workspace = _workspace(project)
    reproduce("copy", _copy, workspace)
    (project / "artifacts" / "copy" / "out.txt").unlink()
    assert reproduce("copy", _copy, workspace) is UNCHANGED
    assert (project / "artifacts" / "copy" / "out.txt").read_text() == "one"


def test_a_failing_stage_keeps_the_old_folder_and_stays_changed(project: Path) -> None:
    workspace = _workspace(project)
    reproduce("copy", _copy, workspace)
    (project / "in.txt").write_text("two")

    def fail(workspace: Workspace, out: Path) -> Summary:
        (out / "out.txt").write_text("half")
        raise InputError("no")

    with pytest.raises(InputError):
        reproduce("copy", fail, workspace)
    assert (project / "artifacts" / "copy" / "out.txt").read_text() == "one"
    assert changed_stages() == ["copy"]


def test_a_workspace_of_its_own_is_never_versioned(project: Path, tmp_path: Path) -> None:
    workspace = Workspace(_workspace(project).params, "sqlite:///none.db", tmp_path / "elsewhere")
    assert reproduce("copy", _copy, workspace) == {"text": "one"}
    assert reproduce("copy", _copy, workspace) == {"text": "one"}
    assert changed_stages() == ["copy"]


def test_adopting_a_release_replaces_data_and_pins_it(project: Path) -> None:
    release = project / "release.xml"
    release.write_text("<drugbank/>")
    (project / "data").mkdir()
    (project / "data" / "old.xml").write_text("old")
    adopt_release(release)
    assert [path.name for path in (project / "data").iterdir()] == ["release.xml"]
    assert "outs:" in (project / "data.dvc").read_text()
    with pytest.raises(InputError, match="no such release file"):
        adopt_release(project / "absent.xml")


def test_a_range_of_stages_follows_the_order_of_the_pipeline() -> None:
    assert stages_between("label", "gates") == ("label", "evidence", "split", "gates")
    with pytest.raises(InputError, match="'sft' comes after 'label'"):
        stages_between("sft", "label")
    with pytest.raises(InputError, match="'guess' is not a stage"):
        stages_between(None, "guess")
