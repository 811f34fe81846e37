"""The data half on worker processes: the same bytes as in one process, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from mard.io import read_json, sha256_file
from tests.conftest import ROOT, mard
from tests.flows.test_servers import free_port

STAGES = ("ingest", "label", "evidence", "split", "gates", "retrieve")
SHARD_DRUGS = "24"
SHARDS = 78  # 284 drugs in 12 blocks: 12 * 13 / 2
SECONDS = 240


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory, sample: Path, prefect_home: Path) -> Path:
    """The sample release and an altered one, built on two worker processes."""
    releases, folder = tmp_path_factory.mktemp("releases"), tmp_path_factory.mktemp("corpora")
    altered = releases / "altered.xml"
    code = "import sys; from pathlib import Path; from mard.ingest.sample.release import write_release; "
    code += "write_release(Path(sys.argv[1]), altered=True).rename(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(releases), str(altered)], cwd=ROOT, check=True)
    chosen = ("--artifacts", str(folder), "--runner", "dask", "--workers", "2")
    mard("corpora", str(sample), str(altered), *chosen, PREFECT_HOME=str(prefect_home))
    return folder


@pytest.fixture(scope="module")
def screened(corpora: Path, tmp_path_factory: pytest.TempPathFactory, prefect_home: Path) -> dict[str, str]:
    """Hashes of a screening on threads."""
    out = tmp_path_factory.mktemp("threads") / "screen"
    done = mard(*screening(corpora, out), "--workers", "3", PREFECT_HOME=str(prefect_home))
    assert "not predictions of the trained student" in done.stdout
    assert "40,186, 40,186 kept" in done.stdout
    return digest(out)


def screening(corpora: Path, out: Path) -> list[str]:
    artifacts = str(corpora / "drugbank_sample")
    return ["screen", "--artifacts", artifacts, "--out", str(out), "--shard-drugs", SHARD_DRUGS]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["drugbank_sample", "altered"])
def test_many_releases_at_once_are_what_each_is_alone(
    corpora: Path, sample: Path, tmp_path: Path, prefect_home: Path, name: str
) -> None:
    release = read_json(corpora / name / "ingest" / "manifest.json")["release"]
    assert release["file"] == f"{name}.xml"
    if name == "altered":
        assert digest(corpora / name) != digest(corpora / "drugbank_sample")
        return
    alone = tmp_path / "alone"
    chosen = ("--artifacts", str(alone), "--until", "retrieve")
    mard("run", "--release", str(sample), *chosen, PREFECT_HOME=str(prefect_home))
    for stage in STAGES:
        assert digest(corpora / name / stage) == digest(alone / stage), stage


def test_a_release_that_fails_is_named_and_stops_no_other(
    sample: Path, tmp_path: Path, prefect_home: Path
) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_bytes(sample.read_bytes()[:50_000])
    folder = tmp_path / "corpora"
    chosen = ("--artifacts", str(folder), "--set", "retrieve.audit_queries=20")
    done = mard("corpora", str(broken), str(sample), *chosen, check=False, PREFECT_HOME=str(prefect_home))
    assert done.returncode == 2
    assert "error: 1 of 2 releases failed: broken: " in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (folder / "drugbank_sample" / "retrieve" / "manifest.json").exists()


def test_worker_processes_write_what_threads_write(
    corpora: Path, screened: dict[str, str], tmp_path: Path, prefect_home: Path
) -> None:
    chosen = ("--runner", "dask", "--workers", "2")
    mard(*screening(corpora, tmp_path), *chosen, PREFECT_HOME=str(prefect_home))
    assert len(screened) == SHARDS + 2
    assert digest(tmp_path) == screened


def test_a_worker_killed_in_the_middle_costs_time_but_no_byte(
    corpora: Path, screened: dict[str, str], tmp_path: Path, prefect_home: Path
) -> None:
    chosen = ("--runner", "dask", "--workers", "2")
    with started(screening(corpora, tmp_path), *chosen, home=prefect_home) as run:
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
    corpora: Path, screened: dict[str, str], tmp_path: Path, prefect_home: Path
) -> None:
    chosen = ("--runner", "dask", "--workers", "2")
    with started(screening(corpora, tmp_path), *chosen, home=prefect_home) as run:
        until(lambda: len(list(tmp_path.glob("*.parquet"))) >= 5)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(SECONDS)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")}
    assert 5 <= len(kept) < SHARDS
    (tmp_path / ".pairs-0000-0000.parquet.deadbeef.partial").write_text("left by a killed worker")
    mard(*screening(corpora, tmp_path), PREFECT_HOME=str(prefect_home))
    assert digest(tmp_path) == screened
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_cluster_that_is_already_there_is_used(
    corpora: Path, screened: dict[str, str], tmp_path: Path, prefect_home: Path
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    page = ("--dashboard-address", "127.0.0.1:0")
    scheduler = ("scheduler", "--host", "tcp://127.0.0.1", "--port", address.rpartition(":")[2], *page)
    worker = ("worker", address, "--host", "127.0.0.1", "--nworkers", "2", "--nthreads", "1", *page)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in (scheduler, worker)
    ]
    try:
        chosen = ("--runner", "dask", "--address", address)
        mard(*screening(corpora, tmp_path), *chosen, PREFECT_HOME=str(prefect_home))
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert digest(tmp_path) == screened


@contextmanager
def started(arguments: list[str], *more: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``mard`` in a process group of its own, all of which is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", *arguments, *more],
        cwd=ROOT,
        env={**os.environ, "PREFECT_HOME": str(home)},
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


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.01)
    pytest.fail(f"not within {SECONDS} s")
