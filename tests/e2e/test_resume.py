"""A stage killed in the middle goes on where it was and gives the same bytes as an undisturbed run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mard.io import read_jsonl
from tests.conftest import ROOT, SMALL

pytestmark = pytest.mark.e2e

KILLED_AT_PROGRESS = """
import os, signal, sys
from tasks.__main__ import main
from tasks.progress import Progress
report, left = Progress.__call__, [int(sys.argv[1])]
def report_or_die(*arguments, **named):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    report(*arguments, **named)
Progress.__call__ = report_or_die
sys.exit(main(sys.argv[2:]))
"""


def _arguments(stage: str, artifacts: Path, *more: str) -> list[str]:
    return [
        stage,
        "--artifacts",
        str(artifacts),
        *(word for item in (*SMALL, *more) for word in ("--set", item)),
    ]


def _start(stage: str, artifacts: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tasks", *_arguments(stage, artifacts, *more)], cwd=ROOT)


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _copy(finished: Path, artifacts: Path, stage: str) -> None:
    shutil.copytree(finished, artifacts, ignore=shutil.ignore_patterns(stage, "mlruns", "register", "infer"))


@pytest.mark.parametrize(("stage", "reports"), [("teach", 700), ("sft", 7)])
def test_kill_and_resume(stage: str, reports: int, finished: Path, tmp_path: Path) -> None:
    """``teach`` reports every one of 1,536 candidates, ``sft`` every one of some 44 updates."""
    artifacts = tmp_path / "artifacts"
    _copy(finished, artifacts, stage)
    command = [sys.executable, "-c", KILLED_AT_PROGRESS, str(reports), *_arguments(stage, artifacts)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert not (artifacts / stage).exists()
    assert any(path.is_file() for path in (artifacts / ".work" / stage).rglob("*"))
    assert _start(stage, artifacts).wait() == 0
    assert _digest(artifacts / stage) == _digest(finished / stage)


def test_two_processes_are_killed_as_one_and_resume(finished: Path, tmp_path: Path) -> None:
    """The same stage, one switch: its processes end with it, and it learns what one process does."""
    artifacts = tmp_path / "artifacts"
    _copy(finished, artifacts, "sft")
    process = _start("sft", artifacts, "launch.processes=2")
    while process.poll() is None and not list(artifacts.glob(".work/sft/*/checkpoint-*/trainer_state.json")):
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 3, "the launcher and two that train"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []
    assert not (artifacts / "sft").exists()
    assert _start("sft", artifacts, "launch.processes=2").wait() == 0
    two, one = (list(read_jsonl(folder / "sft" / "history.jsonl")) for folder in (artifacts, finished))
    assert [point["step"] for point in two] == [point["step"] for point in one]
    assert [point["loss"] for point in two] == pytest.approx([point["loss"] for point in one], rel=0.02)
    assert two[0] == pytest.approx(one[0], rel=1e-4)
    names = {path.name for path in (artifacts / "sft").iterdir()}
    assert names == {path.name for path in (finished / "sft").iterdir()}
    manifests = [
        json.loads((folder / "sft" / "manifest.json").read_text()) for folder in (artifacts, finished)
    ]
    assert manifests[0] == manifests[1]
