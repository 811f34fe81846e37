"""A flow of the stage teach alone; prints its task runs and what its served teacher was asked.

One of the symbolic teachers is busy once. The served one is paused when the flow begins, and goes on when
a thread that stands for a person says so. It runs in a process of its own, against a Prefect server that
lives as long as the process.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from mard.errors import TeacherUnavailable
from mard.teach.backend import TeacherBackend
from tasks import teach, teacher_switch
from tasks.stage import Workspace
from tasks.teacher_switch import PAUSED, RUNNING, set_switch, variable_of
from tests.builders import metabolism_trace
from tests.unit.tasks.teacher_set import write_teacher_set
from tests.unit.teach.server import completion, serving

from prefect import flow  # isort: skip (after tasks, which sets Prefect's environment)
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
from prefect.context import FlowRunContext

REAL = teach.generate
CALLS: list[str] = []
SERVED = "{name: served, kind: openai, base_url: '%s', model: tiny, concurrency: 4}"
SYMBOLIC = "{name: pk_first, kind: symbolic}, {name: analogy_first, kind: symbolic}"


def busy_once(teacher: TeacherBackend, *rest: object) -> object:
    """The real thing, except for the first call of one teacher."""
    CALLS.append(teacher.name)
    if CALLS.count("pk_first") == 1 and teacher.name == "pk_first":
        raise TeacherUnavailable("teacher pk_first: HTTP 429")
    return REAL(teacher, *rest)  # type: ignore[arg-type]


@flow(name="only-teach", validate_parameters=False)
def only_teach(workspace: Workspace) -> list[tuple[str, int, str]]:
    """Name, tries and state of every task run of this flow."""
    teach.teach(workspace)
    context = FlowRunContext.get()
    assert context is not None
    assert context.flow_run is not None
    own = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[context.flow_run.id]))
    with get_client(sync_client=True) as client:
        for _ in range(100):  # the server hears of states a moment after they happened
            runs = client.read_task_runs(task_run_filter=own)
            if len(runs) == 4 and all(run.state_name == "Completed" for run in runs):
                break
            time.sleep(0.2)
    return [(run.name, run.run_count, run.state_name or "") for run in runs]


@flow(name="paused-teach", validate_parameters=False)
def paused_teach(workspace: Workspace, requests: list[object]) -> tuple[list[tuple[str, int, str]], int]:
    """Pause the served teacher, teach, and let it go on a second later."""
    set_switch(variable_of("served"), PAUSED)
    while_paused: list[int] = []

    def go_on() -> None:
        time.sleep(1.0)
        while_paused.append(len(requests))
        set_switch(variable_of("served"), RUNNING)

    person = threading.Thread(target=go_on)
    person.start()
    runs = only_teach(workspace)
    person.join()
    return runs, while_paused[0]


if __name__ == "__main__":
    teach.generate = busy_once  # type: ignore[assignment]
    teach.RETRY_DELAYS_S[:] = [0.0, 0.0]
    teacher_switch.SECONDS_BETWEEN_LOOKS = 0.1  # type: ignore[misc]
    with serving(lambda _body, _number: completion(metabolism_trace().to_json())) as seen:
        teachers = f"teach.teachers=[{SYMBOLIC}, {SERVED % seen.url}]"
        runs, while_paused = paused_teach(write_teacher_set(Path(sys.argv[1]), teachers), seen.bodies)
    report = {"runs": runs, "calls": CALLS, "while_paused": while_paused, "requests": len(seen.bodies)}
    print(json.dumps(report))
