"""The environment has one mechanism and one precedence: what is already set wins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.environment import REPOSITORY, apply_environment

LISTED = dict(
    line.split("=", 1)
    for line in (REPOSITORY / "infra" / "environment.env").read_text().splitlines()
    if line and not line.startswith("#")
)


def test_a_variable_that_is_set_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "environment.env"
    source.write_text("# a comment=no\nMARD_ONE=file\nMARD_TWO=file\nPREFECT_HOME=.prefect\n")
    monkeypatch.setenv("MARD_ONE", "shell")
    for name in ("MARD_TWO", "PREFECT_HOME"):
        monkeypatch.delenv(name, raising=False)
    apply_environment(source)
    assert (os.environ["MARD_ONE"], os.environ["MARD_TWO"]) == ("shell", "file")
    assert os.environ["PREFECT_HOME"] == str(REPOSITORY / ".prefect")


@pytest.mark.parametrize("package", ["flows.cli", "tasks", "benchmarks.__main__"])
def test_every_way_in_sets_it_before_anything_else(package: str) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in LISTED}
    seen = (
        f"import os, {package}; print(*(os.environ[name] for name in ('DO_NOT_TRACK', 'MARD_MLFLOW_PORT')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", seen],
        cwd=REPOSITORY,
        env={**bare, "MARD_MLFLOW_PORT": "5001"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "5001"]


def test_make_passes_on_what_it_is_given_and_sets_nothing_itself(tmp_path: Path) -> None:
    rules = (REPOSITORY / "Makefile").read_text()
    assert not [name for name in LISTED if name in rules]
    probe = tmp_path / "Makefile"
    head, _, _ = rules.partition("help:")
    probe.write_text(head + "probe:\n\t@echo $$MARD_MLFLOW_PORT $${MARD_PREFECT_PORT-unset}\n")
    bare = {name: value for name, value in os.environ.items() if name not in LISTED}
    done = subprocess.run(
        ["make", "-s", "-f", str(probe), "probe", "MARD_MLFLOW_PORT=5001"],
        env=bare,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["5001", "unset"]
