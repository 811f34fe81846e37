"""The data half on worker processes: the same bytes as in one process, whatever dies on the way.

Starting servers takes most of the time, so one Prefect server and one cluster of two workers serve all tests,
but for those that kill processes: these bring their own.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from flows.servers import HOST, prefect_command
from mard.ingest.sample.release import write_release
from mard.io import read_json, sha256_file
from tests.conftest import ROOT
from tests.conftest import mard as run_mard
from tests.flows.test_servers import free_port

STAGES = ("ingest", "label", "evidence", "split", "gates", "retrieve")
SMALL = ("--set", "retrieve.audit_queries=20", "--set", "split.eval_sizes=[60, 20]")
SHARD_DRUGS = "32"
SHARDS = 45  # 284 drugs in 9 blocks: 9 * 10 / 2
LOCAL_CLUSTER = ("--runner", "dask", "--workers", "2")
SECONDS = 240

Mard = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def started(command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, all of which is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def prefect(prefect_home: Path) -> Iterator[dict[str, str]]:
    """The environment in which a command speaks to the one Prefect server."""
    port = free_port()
    with started(prefect_command(port)[2:], PREFECT_HOME=str(prefect_home)):
        until(partial(answers, port))
        yield {"PREFECT_HOME": str(prefect_home), "PREFECT_API_URL": f"http://{HOST}:{port}/api"}


@pytest.fixture(scope="module")
def mard(prefect: dict[str, str]) -> Mard:
    return partial(run_mard, **prefect)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, ...]]:
    """The options that name a cluster which is already there."""
    address = f"tcp://{HOST}:{free_port()}"
    page = ("--dashboard-address", f"{HOST}:0")
    scheduler = ("dask", "scheduler", "--host", f"tcp://{HOST}", "--port", address.rpartition(":")[2], *page)
    worker = ("dask", "worker", address, "--host", HOST, "--nworkers", "2", "--nthreads", "1", *page)
    with started(scheduler), started(worker):
        yield ("--runner", "dask", "--address", address)


@pytest.fixture(scope="module")
def corpora(
    tmp_path_factory: pytest.TempPathFactory, sample: Path, mard: Mard, cluster: tuple[str, ...]
) -> tuple[Path, str]:
    """Of the sample release, an altered one and a broken one, and what the command said of them."""
    releases, folder = tmp_path_factory.mktemp("releases"), tmp_path_factory.mktemp("corpora")
    altered, broken = releases / "altered.xml", releases / "broken.xml"
    write_release(releases, altered=True).rename(altered)
    broken.write_bytes(sample.read_bytes()[:50_000])
    given = (str(broken), str(sample), str(altered))
    done = mard("corpora", *given, "--artifacts", str(folder), *SMALL, *cluster, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


@pytest.fixture(scope="module")
def artifacts(corpora: tuple[Path, str]) -> Path:
    return corpora[0] / "drugbank_sample"


@pytest.fixture(scope="module")
def screened(artifacts: Path, tmp_path_factory: pytest.TempPathFactory, mard: Mard) -> dict[str, str]:
    """Hashes of a screening on threads."""
    out = tmp_path_factory.mktemp("threads") / "screen"
    done = mard(*screening(artifacts, out), "--workers", "3")
    assert "not predictions of the trained student" in done.stdout
    assert "40,186, 40,186 kept" in done.stdout
    found = digest(out)
    assert len(found) == SHARDS + 2
    return found


def screening(artifacts: Path, out: Path) -> list[str]:
    return ["screen", "--artifacts", str(artifacts), "--out", str(out), "--shard-drugs", SHARD_DRUGS]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def answers(port: int) -> bool:
    """Whether a server listens; asking it more would take the time that it needs to start."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.01)
    pytest.fail(f"not within {SECONDS} s")


def test_many_releases_at_once_are_what_each_is_alone(
    artifacts: Path, sample: Path, tmp_path: Path, mard: Mard
) -> None:
    mard("run", "--release", str(sample), "--artifacts", str(tmp_path), *SMALL, "--until", "retrieve")
    for stage in STAGES:
        assert digest(artifacts / stage) == digest(tmp_path / stage), stage


def test_each_release_has_a_folder_of_its_own(corpora: tuple[Path, str], artifacts: Path) -> None:
    altered = corpora[0] / "altered"
    files = {
        folder.name: read_json(folder / "ingest" / "manifest.json")["release"]["file"]
        for folder in (artifacts, altered)
    }
    assert files == {"drugbank_sample": "drugbank_sample.xml", "altered": "altered.xml"}
    for stage in STAGES:
        assert digest(altered / stage) != digest(artifacts / stage), stage


def test_a_release_that_fails_is_named_and_stops_no_other(corpora: tuple[Path, str]) -> None:
    folder, said = corpora
    assert "error: 1 of 3 releases failed: broken: " in said
    assert "broken.xml, line " in said
    assert "the file is truncated, download it again" in said
    assert "Traceback" not in said
    assert not (folder / "broken" / "ingest").exists()
    assert (folder / "altered" / "retrieve" / "manifest.json").exists()


def test_worker_processes_of_a_cluster_write_what_threads_write(
    artifacts: Path, screened: dict[str, str], tmp_path: Path, mard: Mard, cluster: tuple[str, ...]
) -> None:
    mard(*screening(artifacts, tmp_path), *cluster)
    assert digest(tmp_path) == screened


def test_a_worker_killed_in_the_middle_costs_time_but_no_byte(
    artifacts: Path, screened: dict[str, str], tmp_path: Path, prefect: dict[str, str]
) -> None:
    with started(["flows", *screening(artifacts, tmp_path), *LOCAL_CLUSTER], **prefect) as run:
        until(lambda: len(list(tmp_path.glob("*.parquet"))) >= 5)
        workers = [
            child
            for child in psutil.Process(run.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        ]
        assert len(workers) == 2
        workers[0].kill()
        assert not (tmp_path / "manifest.json").exists(), "the screening ended before a worker was killed"
        assert run.wait(SECONDS) == 0
    assert digest(tmp_path) == screened


def test_a_run_killed_in_the_middle_goes_on_where_it_was(
    artifacts: Path, screened: dict[str, str], tmp_path: Path, prefect: dict[str, str], mard: Mard
) -> None:
    with started(["flows", *screening(artifacts, tmp_path), *LOCAL_CLUSTER], **prefect) as run:
        until(lambda: len(list(tmp_path.glob("*.parquet"))) >= 5)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(SECONDS)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")}
    assert 5 <= len(kept) < SHARDS
    (tmp_path / ".pairs-0000-0000.parquet.deadbeef.partial").write_text("left by a killed worker")
    mard(*screening(artifacts, tmp_path))
    assert digest(tmp_path) == screened
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
