"""From journals to the MLflow server: as soon as it answers, in order, every entry once."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from mard.errors import TrackingUnavailable
from tasks.journal import Entry, Journal, journals

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPERIMENT: Final = "mard"
MOST_AT_ONCE: Final = 500
KEY: Final = "mard.journal"
LOCAL: Final = "sqlite:///"
UNREACHABLE: Final = (MlflowException, SQLAlchemyError, OSError)  # what requests raises is an OSError
REFUSALS: Final = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST")

_one_at_a_time = threading.Lock()  # MLflow opens its database lazily, and not for two threads at once


@dataclass(frozen=True)
class Undelivered:
    """A journal that the server does not have in full, and why."""

    run: str
    uri: str
    entries: int
    error: str | None


def deliver(journal: Journal) -> None:
    """Tell the server all that it has not been told; the caller holds the journal.

    Raises:
        TrackingUnavailable: It does not answer; what it was told is marked, the rest is kept.
    """
    with _one_at_a_time:
        try:
            for entries in _batches(list(journal.entries(journal.state["delivered"]))):
                refused = _tell_or_refusal(journal, entries)
                state = journal.state
                journal.update(
                    delivered=state["delivered"] + len(entries),
                    error=None,
                    refused=state["refused"] + refused,
                )
        except UNREACHABLE as error:
            reason = str(error).splitlines()[0][:160]
            journal.update(error=reason)
            raise TrackingUnavailable(f"{_start(journal)['uri']} does not answer: {reason}") from error


def replay(home: Path) -> list[Undelivered]:
    """Deliver what earlier processes could not, and say what is still left.

    A run whose process died is ended as killed; its stage takes it up again if it is run again.
    """
    away = set()
    for journal in journals(home):
        if not journal.open():
            continue
        with journal:
            uri = _start(journal)["uri"]
            if not _ended(journal):
                journal.append({"kind": "end", "status": "KILLED"})
            try:
                if uri not in away:
                    deliver(journal)
            except TrackingUnavailable:
                away.add(uri)
    _clear(home)
    return undelivered(home)


def undelivered(home: Path) -> list[Undelivered]:
    """What the server does not have yet, without asking it."""
    found = []
    for journal in journals(home):
        if pending := journal.pending:
            start = _start(journal)
            found.append(Undelivered(start["name"], start["uri"], pending, journal.state["error"]))
    return found


def _clear(home: Path) -> None:
    """Remove journals that nobody needs: delivered, not to be resumed, and no other's parent."""
    kept = [each for each in journals(home) if each.pending or not _ended(each)]
    parents = {entry.get("parent") for each in kept for entry in each.entries()}
    for journal in journals(home):
        resumable = _start(journal)["resume"]
        idle = journal.name not in {each.name for each in kept} | parents
        if idle and not (resumable and Path(resumable).exists()) and journal.open():
            journal.remove()


def _start(journal: Journal) -> Entry:
    return next(journal.entries())


def _ended(journal: Journal) -> bool:
    marks = [entry["kind"] for entry in journal.entries() if entry["kind"] in ("start", "end", "resume")]
    return marks[-1:] == ["end"]


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Neighbouring metrics go together, everything else alone."""
    for kind, group in groupby(entries, key=lambda entry: entry["kind"]):
        same = list(group)
        size = MOST_AT_ONCE if kind == "metrics" else 1
        batch: list[Entry] = []
        count = 0
        for entry in same:
            count += len(entry.get("values", ()))
            if batch and (size == 1 or count > size):
                yield batch
                batch, count = [], len(entry.get("values", ()))
            batch.append(entry)
        yield batch


def _tell_or_refusal(journal: Journal, entries: Sequence[Entry]) -> list[str]:
    """Tell, or say why a server that answers will never accept these entries."""
    try:
        _tell(journal, entries)
    except MlflowException as error:
        if error.error_code not in REFUSALS or entries[0]["kind"] == "start":
            raise
        return [f"{entries[0]['kind']}: {str(error).splitlines()[0][:300]}"]
    return []


def client_of(uri: str) -> MlflowClient:
    """A client of a store, which is made if it is a local database that is not there yet."""
    make_database(uri)
    return MlflowClient(uri)


def make_database(uri: str) -> None:
    """Make a local database whole before it has its name; one that is there stays, a server makes its own.

    MLflow makes its tables one by one: a process that is killed meanwhile would leave a database that no
    later one can open or mend.
    """
    file = Path(uri.removeprefix(LOCAL))
    if not uri.startswith(LOCAL) or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent, prefix="making-") as folder:
        new = Path(folder, file.name)
        MlflowClient(f"{LOCAL}{new}").search_experiments(max_results=1)
        with suppress(FileExistsError):  # another process was first
            os.link(new, file)


def _tell(journal: Journal, entries: Sequence[Entry]) -> None:
    first = entries[0]
    client = client_of(_start(journal)["uri"])
    if first["kind"] == "start":
        journal.update(run_id=_create(client, journal, first))
        return
    run_id = journal.state["run_id"]
    match first["kind"]:
        case "metrics":
            points = [
                Metric(name, value, entry["time"], entry["step"])
                for entry in entries
                for name, value in entry["values"].items()
            ]
            client.log_batch(run_id, metrics=points)
        case "params":
            client.log_batch(run_id, params=[Param(*item) for item in first["values"].items()])
        case "tags":
            client.log_batch(run_id, tags=[RunTag(*item) for item in first["values"].items()])
        case "data":
            client.log_inputs(run_id, [_dataset(first)])
        case "file":
            _upload(client, run_id, journal, first)
        case "resume":
            client.update_run(run_id, status="RUNNING")
            client.log_batch(run_id, tags=_parent_tag(journal.folder.parent, first["parent"]))
        case "end":
            client.set_terminated(run_id, status=first["status"], end_time=first["time"])


def _create(client: MlflowClient, journal: Journal, start: Entry) -> str:
    """The run of this journal: one that a killed process has created already, else a new one."""
    experiment = _experiment(client, start)
    found = client.search_runs([experiment], f"tags.`{KEY}` = '{journal.name}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {**start["tags"], KEY: journal.name}
    tags |= {tag.key: tag.value for tag in _parent_tag(journal.folder.parent, start["parent"])}
    run = client.create_run(experiment, start["time"], tags, run_name=start["name"])
    return str(run.info.run_id)


def _parent_tag(home: Path, parent: str | None) -> list[RunTag]:
    if parent is None:
        return []
    run_id = Journal(home / parent).state["run_id"]
    if run_id is None:
        raise MlflowException(f"the parent run {parent} is not there yet")
    return [RunTag("mlflow.parentRunId", run_id)]


def _experiment(client: MlflowClient, start: Entry) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    return found.experiment_id if found else client.create_experiment(EXPERIMENT, start["location"])


def _dataset(entry: Entry) -> DatasetInput:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source = CodeDatasetSource(tags={"stage": entry["stage"]})
    dataset = MetaDataset(source, name=entry["name"], digest=entry["digest"])._to_mlflow_entity()
    dataset._profile = json.dumps(entry["counts"])
    return DatasetInput(dataset, [InputTag("mlflow.data.context", entry["context"])])


def _upload(client: Any, run_id: str, journal: Journal, entry: Entry) -> None:
    """A file or folder that the journal kept; one that is gone was uploaded before a kill."""
    kept = journal.folder / entry["kept"]
    if kept.is_dir():
        client.log_artifacts(run_id, str(kept), artifact_path=entry["folder"])
    elif kept.exists():
        client.log_artifact(run_id, str(kept), artifact_path=entry["folder"] or None)
    journal.forget(entry["kept"])
