"""A training stage on several processes: the same stage, started once a process by ``accelerate launch``.

``launch.processes`` and ``launch.strategy`` are the switch. Every process runs the stage's ``compute``, so
all have the same model and data; the first one's folder is the result, the others are silent and theirs
are thrown away. An update sees the same examples on any number of processes.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mard.config import Launch, parse_params
from mard.errors import MardError
from mard.io import read_json, write_json
from tasks.environment import REPOSITORY
from tasks.progress import logger
from tasks.stage import Summary, Workspace

TRAINING: Final = ("prm", "sft", "dpo")
CONFIGS: Final = REPOSITORY / "infra" / "accelerate"


def is_spread(stage: str, workspace: Workspace) -> bool:
    """Whether this stage is to run on several processes, and this is not one of them."""
    return stage in TRAINING and workspace.params.launch.processes > 1 and "RANK" not in os.environ


def spread(stage: str, workspace: Workspace, out: Path) -> Summary:
    """Run a stage's ``compute`` on the processes that the parameters ask for; ``out`` is the first one's.

    Raises:
        MardError: What stopped the first process.
        ChildProcessError: A process died; what it has trained is in the stage's work folder.
    """
    with TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "answer.json"
        write_json(job, {"stage": stage, "out": str(out), "answer": str(answer), **_to_dict(workspace)})
        status = _run(command(workspace.params.launch, "tasks.launch", str(job)))
        found = read_json(answer) if answer.exists() else {}
    if "error" in found:
        raise MardError(found["error"])
    if status:
        raise ChildProcessError(f"{stage}: a training process died; its last lines are above")
    summary: Summary = found["summary"]
    return summary


def command(launch: Launch, module: str, *arguments: str) -> list[str]:
    """What starts a module on as many processes as ``launch`` says."""
    return [
        *(sys.executable, "-m", "accelerate.commands.launch"),
        *("--config_file", str(CONFIGS / f"{launch.strategy}.yaml")),
        *("--num_processes", str(launch.processes), "--main_process_port", "0"),
        *("--module", module, *arguments),
    ]


def _run(arguments: list[str]) -> int:
    """Run a command to its end, its lines to the log; it ends with this process, however that ends."""
    log = logger()
    with subprocess.Popen(
        arguments,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 -- one system call
    ) as process:
        try:
            for line in process.stdout or ():
                log.info(line.rstrip())
            return process.wait()
        finally:
            process.terminate()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _to_dict(workspace: Workspace) -> dict[str, Any]:
    return {
        "params": asdict(workspace.params),
        "tracking_uri": workspace.tracking_uri,
        "artifacts": str(workspace.artifacts),
        "parent_run": workspace.parent_run,
        "tags": dict(workspace.tags),
    }


def _from_dict(job: dict[str, Any]) -> Workspace:
    return Workspace(
        parse_params(job["params"]),
        tracking_uri=job["tracking_uri"],
        artifacts=Path(job["artifacts"]),
        parent_run=job["parent_run"],
        tags=job["tags"],
    )


def main() -> int:
    """One of the processes."""
    parser = argparse.ArgumentParser(prog="python -m tasks.launch", description="One process of a stage.")
    parser.add_argument("job", type=Path)
    job = read_json(parser.parse_args().job)
    first = os.environ["RANK"] == "0"
    compute = import_module(f"tasks.{job['stage']}").compute
    with TemporaryDirectory() as elsewhere:
        out = Path(job["out"] if first else elsewhere)
        try:
            answer = {"summary": compute(_from_dict(job), out)}
        except MardError as error:
            answer = {"error": str(error)}
    if first:
        Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")
    return 2 if "error" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
