"""The deployments of ``infra/prefect.yaml`` on a real server: schedules run, and a new release triggers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.servers import prefect_command
from tests.conftest import ROOT
from tests.flows.test_servers import free_port

SECONDS = 90


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect"))}
    server = subprocess.Popen(
        prefect_command(port), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    environment["PREFECT_API_URL"] = address
    _until(lambda: _answers(address))
    for command in (
        ["work-pool", "create", "mard", "--type", "process"],
        ["--no-prompt", "deploy", "--prefect-file", "infra/prefect.yaml", "--all"],
    ):
        subprocess.run(
            [sys.executable, "-m", "prefect", *command],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
    yield address
    server.terminate()
    server.wait(timeout=30)


def test_the_watch_is_scheduled(api: str) -> None:
    _until(lambda: _runs(api, "watch"))


def test_a_new_release_starts_one_retraining_with_its_path(api: str, tmp_path: Path) -> None:
    release = tmp_path / "new.xml"
    release.write_text("<drugbank/>")
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", f"from flows.watch import watch; watch({str(tmp_path)!r}, 0.1)"],
            cwd=ROOT,
            env={**os.environ, "PREFECT_API_URL": api},
            check=True,
            capture_output=True,
        )
    _until(lambda: _triggered(api))
    assert [run["parameters"]["release"] for run in _triggered(api)] == [str(release)]


def _triggered(api: str) -> list[dict[str, Any]]:
    return [run for run in _runs(api, "retrain") if run["parameters"].get("release")]


def _runs(api: str, deployment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(
        f"{api}/flow_runs/filter", json={"deployments": {"name": {"any_": [deployment]}}}, timeout=20
    ).json()
    return found


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _until(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.5)
    pytest.fail(f"not within {SECONDS} s")
