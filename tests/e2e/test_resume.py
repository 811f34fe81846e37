"""A stage killed in the middle goes on where it was and gives the same bytes as an undisturbed run."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, SMALL

pytestmark = pytest.mark.e2e


def _start(stage: str, artifacts: Path) -> subprocess.Popen[bytes]:
    sets = [argument for item in SMALL for argument in ("--set", item)]
    command = [sys.executable, "-m", "tasks", stage, "--artifacts", str(artifacts), *sets]
    return subprocess.Popen(command, cwd=ROOT)


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("stage", "progress"), [("teach", "**/shard-*.jsonl"), ("sft", "**/checkpoint-*/trainer_state.json")]
)
def test_kill_and_resume(stage: str, progress: str, finished: Path, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    shutil.copytree(finished, artifacts, ignore=shutil.ignore_patterns(stage, "mlruns", "register", "infer"))
    process = _start(stage, artifacts)
    work = artifacts / ".work" / stage
    while process.poll() is None and not list(work.glob(progress)):
        time.sleep(0.01)
    assert process.poll() is None, "the stage ended before it could be killed"
    process.kill()
    process.wait()
    assert not (artifacts / stage).exists()
    assert _start(stage, artifacts).wait() == 0
    assert _digest(artifacts / stage) == _digest(finished / stage)
