"""MLflow tracking: one run a stage, nested under the parent run of the retraining.

Every run carries the same provenance: release version and hash, data manifest hashes, git commit and
the parameters of its section, so that two runs can be compared and traced to their inputs.

A stage tells its :class:`Run`, which writes a journal (:mod:`tasks.journal`) that a thread delivers
(:mod:`tasks.courier`): a tracking server that is slow, away or gone costs a training nothing.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import mlflow

from mard.errors import TrackingUnavailable
from mard.io import read_json, sha256_file, write_json
from tasks.courier import EXPERIMENT, LOCAL, deliver, make_database, replay, undelivered
from tasks.environment import is_silent
from tasks.journal import FOLDER, Journal
from tasks.machine import MachineMonitor
from tasks.progress import logger
from tasks.stage import REPOSITORY, Workspace

CODE = ("mard", "tasks", "flows", "mlflow", "params.yaml", "dvc.yaml")
SECONDS_BETWEEN_DELIVERIES: Final = 2.0
SECONDS_BETWEEN_SAMPLES: Final = 10.0
LONGEST_PAUSE_S: Final = 60.0


def connect(workspace: Workspace) -> None:
    """Point MLflow at the workspace's tracking store and make sure the experiment exists."""
    uri = workspace.tracking_uri
    make_database(uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    location = _artifact_location(uri)
    if location is not None and mlflow.get_experiment_by_name(EXPERIMENT) is None:
        mlflow.create_experiment(EXPERIMENT, artifact_location=location)
    mlflow.set_experiment(EXPERIMENT)


def _artifact_location(uri: str) -> str | None:
    """Where a local store keeps artifacts, beside its database; a server knows that itself."""
    if not uri.startswith(LOCAL):
        return None
    home = Path(uri.removeprefix(LOCAL)).parent
    home.mkdir(parents=True, exist_ok=True)
    return (home / "artifacts").as_uri()


class Run:
    """What a stage tells MLflow. Nothing here waits for the server or fails because of it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told = {
            (name, entry["step"])
            for entry in journal.entries()
            if entry["kind"] == "metrics"
            for name in entry["values"]
        }

    @property
    def journal(self) -> str:
        """The name of its journal, by which child runs refer to it."""
        return self._journal.name

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers; one that a resumed run has logged at this step before is not logged again."""
        new = {name: float(value) for name, value in values.items() if (name, step) not in self._told}
        self._told |= {(name, step) for name in new}
        if new:
            self._journal.append({"kind": "metrics", "values": new, "step": step})

    def curve(self, values: Mapping[str, float], step: int) -> None:
        """Log a point of a training curve."""
        self.metrics({f"train/{name.replace(' ', '_')}": value for name, value in values.items()}, step)

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        self._journal.append({"kind": "tags", "values": dict(values)})

    def data(self, *files: Path, context: str = "training") -> None:
        """Log the files that a stage reads as datasets: name, hash, and its manifest's counts."""
        for file in files:
            stage = file.parent.name.removeprefix(".").removesuffix(".partial")
            manifest = file.parent / "manifest.json"
            counts = _numbers(read_json(manifest)) if manifest.exists() else {}
            entry = {"name": f"{stage}/{file.name}", "stage": stage, "digest": sha256_file(file)[:32]}
            self._journal.append({"kind": "data", **entry, "context": context, "counts": counts})

    def file(self, path: Path, folder: str = "") -> None:
        """Log a file, or a folder's contents, as it is now."""
        self._journal.append({"kind": "file", "kept": self._journal.keep(path), "folder": folder})

    def next_step(self, name: str) -> int:
        """The step after the last one at which a metric was logged."""
        return 1 + max((step for told, step in self._told if told == name), default=-1)

    def run_id(self) -> str:
        """Its id on the server, which must answer now.

        Raises:
            TrackingUnavailable: It does not.
        """
        deliver(self._journal)
        return str(self._journal.state["run_id"])


@contextmanager
def tracked(
    workspace: Workspace, stage: str, params: Any, *, work: Path | None = None, machine: bool = False
) -> Iterator[Run]:
    """A run for ``stage`` with its parameters and provenance.

    Args:
        workspace: Its parent run is the run's parent.
        stage: The run's name.
        params: A dataclass, logged flat.
        work: The stage's work folder, if it has one: a stage that was killed continues its run.
        machine: Whether to log what the machine does meanwhile.
    """
    if is_silent():
        with TemporaryDirectory() as nowhere:
            yield Run(Journal.create(Path(nowhere)))
        return
    tags = {"mard.stage": stage, **provenance(workspace), **workspace.tags}
    with _journalled(workspace, stage, tags, parent=workspace.parent_run, work=work) as run:
        values = {key: str(value)[:500] for key, value in flatten(asdict(params)).items()}
        run._journal.append({"kind": "params", "values": values})
        with _courier(run, MachineMonitor() if machine else None):
            yield run


@contextmanager
def parent_run(workspace: Workspace, *, name: str, flow_run_id: str) -> Iterator[str]:
    """The run of a whole retraining, under which its stages' runs nest; yields its journal's name."""
    replay(home(workspace))
    tags = {"mard.stage": "retrain", "prefect.flow_run_id": flow_run_id, "mard.git_commit": git_commit()}
    with _journalled(workspace, name, tags) as run:
        with suppress(TrackingUnavailable):  # the thread will say so
            run.run_id()
        with _courier(run):
            yield run.journal
            run.tags(provenance(workspace))


def home(workspace: Workspace) -> Path:
    """Where the workspace's journals are."""
    return workspace.artifacts / FOLDER


@contextmanager
def _journalled(
    workspace: Workspace,
    name: str,
    tags: Mapping[str, str],
    *,
    parent: str | None = None,
    work: Path | None = None,
) -> Iterator[Run]:
    """A run that begins, or goes on, in a journal, and ends with it."""
    journal = _continued(workspace, parent, work) if work else None
    if journal is None:
        journal = Journal.create(home(workspace))
        resume = work / "tracking.json" if work else None
        start = {"name": name, "tags": dict(tags), "parent": parent, "uri": workspace.tracking_uri}
        start |= {"location": _artifact_location(workspace.tracking_uri), "resume": resume and str(resume)}
        journal.open()
        journal.append({"kind": "start", **start})
        if resume:
            write_json(resume, {"journal": journal.name})
    status = "FAILED"
    try:
        yield Run(journal)
        status = "FINISHED"
    finally:
        journal.append({"kind": "end", "status": status})
        if work and status == "FINISHED":
            (work / "tracking.json").unlink()
        _settle(journal, workspace)


def _continued(workspace: Workspace, parent: str | None, work: Path) -> Journal | None:
    """The journal of the run that this stage began before it was killed, if it can be written to."""
    resume = work / "tracking.json"
    if not resume.exists():
        return None
    journal = Journal(home(workspace) / read_json(resume)["journal"])
    if not journal.folder.exists() or not journal.open():
        return None
    journal.append({"kind": "resume", "parent": parent})
    return journal


@contextmanager
def _courier(run: Run, machine: MachineMonitor | None = None) -> Iterator[None]:
    """Deliver every few seconds in a thread, less often while the server is away."""
    over = threading.Event()
    arguments = (run, machine, over, logger())
    thread = threading.Thread(target=_carry, args=arguments, name="tracking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _carry(run: Run, machine: MachineMonitor | None, over: threading.Event, log: Any) -> None:
    pause = SECONDS_BETWEEN_DELIVERIES
    sample = run.next_step("system/cpu_utilization_percentage")
    since_sample = 0.0
    while not over.wait(pause):
        since_sample += pause
        if machine is not None and since_sample >= SECONDS_BETWEEN_SAMPLES:
            run.metrics(machine.sample(), sample)
            sample, since_sample = sample + 1, 0.0
        try:
            deliver(run._journal)
        except TrackingUnavailable as error:
            if pause == SECONDS_BETWEEN_DELIVERIES:
                log.warning(f"tracking: {error}; kept on disk until it does")
            pause = min(2 * pause, LONGEST_PAUSE_S)
        else:
            pause = SECONDS_BETWEEN_DELIVERIES
    if machine is not None:  # once at least, however short the training was
        run.metrics(machine.sample(), sample)


def _settle(journal: Journal, workspace: Workspace) -> None:
    """One last attempt when a run ends; what is then left is said, and how to send it."""
    try:
        deliver(journal)
    except TrackingUnavailable as error:
        left = ", ".join(f"{each.run} ({each.entries})" for each in undelivered(home(workspace)))
        logger().warning(
            f"tracking: {error}. Entries that it does not have: {left}. They are kept in "
            f"{home(workspace)} and sent with the next run; `mard tracking replay` sends them at once"
        )
    finally:
        journal.close()
    if not journal.pending:
        replay(home(workspace))


def provenance(workspace: Workspace) -> dict[str, str]:
    """Release, data hashes and code version, as tags."""
    tags = {"mard.git_commit": git_commit()}
    manifest = workspace.stage("ingest") / "manifest.json"
    if manifest.exists():
        release = read_json(manifest)["release"]
        tags |= {f"mard.release.{key}": str(value) for key, value in release.items()}
    for stage in ("split", "retrieve", "consensus"):
        path = workspace.stage(stage) / "manifest.json"
        if path.exists():
            tags[f"mard.{stage}.sha256"] = sha256_file(path)
    return tags


def git_commit() -> str:
    """HEAD's commit, with ``+changes`` when code or parameters differ from it, or ``unknown``."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+changes" if _git("status", "--porcelain", "--", *CODE) else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("MARD_GIT_COMMIT", "unknown")


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.strip()


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"lora": {"r": 16}}`` becomes ``{"lora.r": 16}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _numbers(manifest: Any) -> dict[str, float]:
    values = flatten(manifest) if isinstance(manifest, Mapping) else {}
    return {key: value for key, value in values.items() if isinstance(value, int | float)}
