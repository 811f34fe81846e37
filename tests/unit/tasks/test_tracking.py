"""Runs that survive a killed process and a server that is slow, away or never there."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run as StoredRun

from mard.config import load_params
from tasks import courier, tracking
from tasks.courier import EXPERIMENT, replay, undelivered
from tasks.journal import FOLDER, Journal, journals
from tasks.stage import PARAMS, Workspace
from tasks.tracking import home, parent_run, tracked
from tests.flows.test_servers import free_port


@dataclass(frozen=True)
class Settings:
    rate: float = 0.5


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow takes six seconds to lay out a database: once is enough."""
    store = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{store}").search_experiments()
    return store


@pytest.fixture
def workspace(tmp_path: Path, empty_store: Path) -> Workspace:
    (tmp_path / "mlruns").mkdir()
    shutil.copy(empty_store, tmp_path / "mlruns" / "mlflow.db")
    return Workspace(load_params(PARAMS), f"sqlite:///{tmp_path}/mlruns/mlflow.db", tmp_path / "artifacts")


def stored(workspace: Workspace) -> dict[str, StoredRun]:
    """All runs, by name; names must differ."""
    client = MlflowClient(workspace.tracking_uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id])
    assert len({run.info.run_name for run in runs}) == len(runs)
    return {run.info.run_name: run for run in runs}


def curve(workspace: Workspace, run: StoredRun, name: str = "train/loss") -> list[tuple[int, float]]:
    points = MlflowClient(workspace.tracking_uri).get_metric_history(run.info.run_id, name)
    return [(point.step, point.value) for point in points]


def test_a_stage_is_a_child_of_its_retraining(workspace: Workspace, tmp_path: Path) -> None:
    data = tmp_path / "consensus" / "traces.jsonl"
    data.parent.mkdir()
    data.write_text("{}\n", encoding="utf-8")
    (data.parent / "manifest.json").write_text('{"counts": {"pairs": 3}}', encoding="utf-8")
    with (
        parent_run(workspace, name="gentle-owl", flow_run_id="f") as parent,
        tracked(replace(workspace, parent_run=parent), "sft", Settings()) as run,
    ):
        run.data(data)
        run.curve({"loss": 2.0}, 5)
        run.file(data, folder="sub")
    runs = stored(workspace)
    assert set(runs) == {"gentle-owl", "sft"}
    sft = runs["sft"]
    assert sft.data.tags["mlflow.parentRunId"] == runs["gentle-owl"].info.run_id
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert sft.data.params == {"rate": "0.5"}
    (dataset,) = sft.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.profile) == (
        "consensus/traces.jsonl",
        '{"counts.pairs": 3}',
    )
    (file,) = MlflowClient(workspace.tracking_uri).list_artifacts(sft.info.run_id, "sub")
    assert file.path == "sub/traces.jsonl"
    assert journals(home(workspace)) == [], "nothing is kept that the server has"


def test_even_a_short_training_says_once_what_the_machine_did(workspace: Workspace) -> None:
    with tracked(workspace, "sft", Settings(), machine=True):
        pass
    (only,) = stored(workspace).values()
    assert 0 < only.data.metrics["system/system_memory_usage_percentage"] < 100
    assert "system/cpu_utilization_percentage" in only.data.metrics


def test_a_stage_that_fails_ends_its_run_as_failed_and_takes_it_up_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(ZeroDivisionError), tracked(workspace, "sft", Settings(), work=work) as run:
        run.curve({"loss": 2.0}, 5)
        run.curve({"loss": 1.0}, 10)
        _ = 1 / 0
    failed = stored(workspace)["sft"]
    assert failed.info.status == "FAILED"
    with tracked(workspace, "sft", Settings(), work=work) as run:
        for step, loss in ((5, 2.0), (10, 1.0), (15, 0.5)):
            run.curve({"loss": loss}, step)
    done = stored(workspace)["sft"]
    assert (done.info.run_id, done.info.status) == (failed.info.run_id, "FINISHED")
    assert curve(workspace, done) == [(5, 2.0), (10, 1.0), (15, 0.5)]


def test_entries_delivered_twice_count_once(workspace: Workspace) -> None:
    """A process killed after the server's answer and before its mark in the state."""
    with tracked(workspace, "judge", Settings()) as run:
        journal = run._journal
        run.curve({"loss": 2.0}, 1)
        run.run_id()
        journal.update(delivered=0, run_id=None)
    (only,) = stored(workspace).values()
    assert curve(workspace, only) == [(1, 2.0)]


def test_a_refused_entry_stops_nothing(workspace: Workspace) -> None:
    with tracked(workspace, "judge", Settings()) as run:
        run.metrics({"bad*name": 1.0})
        run.tags({"then": "more"})
    (only,) = stored(workspace).values()
    assert only.data.tags["then"] == "more"


def test_a_torn_line_is_dropped(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    assert journal.open()
    journal.append({"kind": "tags", "values": {}})
    journal.close()
    with (journal.folder / "journal.jsonl").open("a", encoding="utf-8") as out:
        out.write('{"kind":"met')
    again = Journal(journal.folder)
    assert again.open()
    again.append({"kind": "end"})
    assert [entry["kind"] for entry in again.entries()] == ["tags", "end"]


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    assert journal.open()
    assert not Journal(journal.folder).open()
    journal.close()
    assert Journal(journal.folder).open()


def test_a_kept_file_is_as_it_was(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "home")
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "weights").write_text("old", encoding="utf-8")
    kept = journal.keep(folder)
    (folder / "weights").unlink()
    (folder / "weights").write_text("new", encoding="utf-8")
    assert (journal.folder / kept / "weights").read_text(encoding="utf-8") == "old"


KILLED = """
import os, signal, sys, time
from pathlib import Path
from tests.unit.tasks.test_tracking import Settings, Workspace, load_params, PARAMS, tracked
folder = Path(sys.argv[1])
workspace = Workspace(load_params(PARAMS), f"sqlite:///{folder}/mlruns/mlflow.db", folder / "artifacts")
with tracked(workspace, "sft", Settings(), work=folder / "work", machine=True) as run:
    run.curve({"loss": 2.0}, 5)
    run.run_id()
    run.curve({"loss": 1.0}, 10)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_training_goes_on_in_its_run(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (only,) = stored(workspace).values()
    assert only.info.status == "RUNNING"
    assert replay(home(workspace)) == []
    (only,) = stored(workspace).values()
    assert only.info.status == "KILLED", "the next command sees that nobody writes to it"
    with tracked(workspace, "sft", Settings(), work=tmp_path / "work") as run:
        for step, loss in ((5, 2.0), (10, 1.0), (15, 0.5)):
            run.curve({"loss": loss}, step)
    (only,) = stored(workspace).values()
    assert curve(workspace, only) == [(5, 2.0), (10, 1.0), (15, 0.5)]
    assert only.info.status == "FINISHED"
    assert journals(home(workspace)) == []


@contextmanager
def server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A real tracking server."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "served")]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_server_that_is_killed_and_comes_back_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "SECONDS_BETWEEN_DELIVERIES", 0.2)
    port = free_port()
    workspace = Workspace(load_params(PARAMS), f"http://127.0.0.1:{port}", tmp_path / "artifacts")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "weights").write_text("w", encoding="utf-8")
    up = ExitStack()
    up.enter_context(server(tmp_path, port))
    with parent_run(workspace, name="retraining", flow_run_id="f") as parent:
        child = replace(workspace, parent_run=parent)
        with tracked(child, "prm", Settings()) as run:
            run.curve({"loss": 3.0}, 1)
        with tracked(child, "consensus", Settings()) as run:
            run.curve({"loss": 2.0}, 1)
            run.run_id()
            up.close()
            run.curve({"loss": 1.0}, 2)
        before = time.monotonic()
        with tracked(child, "sft", Settings()) as run:  # begins, trains and ends while nobody listens
            for step in range(50):
                run.curve({"loss": 1 / (step + 1)}, step)
            run.file(adapter, folder="adapter")
        assert time.monotonic() - before < 30
        assert {each.run for each in undelivered(home(workspace))} == {"consensus", "sft"}
        with server(tmp_path, port), tracked(child, "dpo", Settings()) as run:
            run.curve({"loss": 0.1}, 1)
            left = replay(home(workspace))
            assert {each.run for each in left} <= {"dpo"}, "which its own thread delivers"
            run.run_id()
            runs = stored(workspace)
            assert set(runs) == {"retraining", "prm", "consensus", "sft", "dpo"}
            assert curve(workspace, runs["sft"]) == [(step, 1 / (step + 1)) for step in range(50)]
            assert curve(workspace, runs["prm"]) == [(1, 3.0)]
            assert curve(workspace, runs["consensus"]) == [(1, 2.0), (2, 1.0)]
            assert runs["sft"].data.tags["mlflow.parentRunId"] == runs["retraining"].info.run_id
            (file,) = MlflowClient(workspace.tracking_uri).list_artifacts(runs["sft"].info.run_id, "adapter")
            assert file.path == "adapter/weights"


def test_a_server_that_never_comes_back_costs_seconds_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    workspace = Workspace(load_params(PARAMS), uri, tmp_path / "artifacts")
    before = time.monotonic()
    with caplog.at_level("WARNING", logger="mard"), tracked(workspace, "sft", Settings()) as run:
        run.curve({"loss": 1.0}, 1)
    assert time.monotonic() - before < 30
    (left,) = undelivered(home(workspace))
    assert (left.run, left.uri, left.entries) == ("sft", uri, 4), "start, params, a point, the end"
    assert replay(home(workspace))[0].entries == 4


def test_a_process_that_dies_while_it_makes_the_database_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlruns" / "mlflow.db"

    def dies(uri: str) -> None:
        Path(uri.removeprefix("sqlite:///")).write_bytes(b"half a database")
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(courier, "MlflowClient", dies)
        with pytest.raises(KeyboardInterrupt):
            courier.client_of(f"sqlite:///{file}")
    assert list(file.parent.iterdir()) == []
    client = courier.client_of(f"sqlite:///{file}")
    client.create_experiment("kept")
    courier.make_database(f"sqlite:///{file}")
    assert {each.name for each in client.search_experiments()} == {"Default", "kept"}


def test_a_database_that_cannot_be_opened_is_away_and_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mlruns" / "mlflow.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as half:
        half.execute("CREATE TABLE guardrails (name TEXT)")
        half.execute("CREATE TABLE experiments (name TEXT)")
    half.close()
    workspace = Workspace(load_params(PARAMS), f"sqlite:///{file}", tmp_path / "artifacts")
    with tracked(workspace, "sft", workspace.params.sft) as run:
        run.metrics({"loss": 1.0})
    (left,) = undelivered(tmp_path / "artifacts" / FOLDER)
    assert left.entries > 0
    assert left.error
