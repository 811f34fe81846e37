"""A flow of the stage teach alone whose second shard finds the teacher busy once; prints its task runs.

It runs in a process of its own, against a Prefect server that lives as long as the process.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from mard.errors import TeacherUnavailable
from mard.teach.generate import Shard
from tasks import teach
from tasks.stage import Workspace
from tests.unit.tasks.teacher_set import write_teacher_set

from prefect import flow  # isort: skip (after tasks, which sets Prefect's environment)
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
from prefect.context import FlowRunContext

REAL = teach.generate
CALLS: list[int] = []


def busy_once(shard: Shard, *rest: object) -> object:
    """The real thing, except for the second call."""
    CALLS.append(shard.number)
    if len(CALLS) == 2:
        raise TeacherUnavailable("teacher served: HTTP 429")
    return REAL(shard, *rest)  # type: ignore[arg-type]


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
            if len(runs) == 6 and all(run.state_name == "Completed" for run in runs):
                break
            time.sleep(0.2)
    return [(run.name, run.run_count, run.state_name or "") for run in runs]


if __name__ == "__main__":
    teach.generate = busy_once  # type: ignore[assignment]
    teach.RETRY_DELAYS_S[:] = [0.0, 0.0]
    runs = only_teach(write_teacher_set(Path(sys.argv[1])))
    print(json.dumps({"runs": runs, "calls": sorted(CALLS)}))
