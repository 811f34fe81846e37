"""Threads, a cluster of this machine, or one that is already there; a wrong choice is one clear line."""

from __future__ import annotations

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from flows.runners import cores, require_workers, task_runner
from mard.errors import InputError
from tests.flows.test_servers import free_port


def test_threads_are_as_many_as_cores_unless_told_otherwise():
    for workers, expected in ((None, cores()), (3, 3)):
        runner = task_runner("threads", workers)
        assert isinstance(runner, ThreadPoolTaskRunner)
        assert runner._max_workers == expected


def test_a_cluster_of_this_machine_starts_only_with_the_flow():
    runner = task_runner("dask", 2)
    assert runner.cluster_class.__name__ == "LoopbackCluster"
    assert runner.cluster_kwargs == {"workers": 2}
    assert runner._cluster is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (("ray", None, None), "--runner ray: there are threads and dask"),
        (("threads", None, "tcp://127.0.0.1:8786"), "give --runner dask"),
        (("dask", 2, "tcp://127.0.0.1:8786"), "no --workers"),
        (("threads", 0, None), "--workers 0: at least one"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused(choice, message):
    with pytest.raises(InputError, match=message):
        task_runner(*choice)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "nonsense cannot be used: missing port"),
        ("tls://127.0.0.1:8786", "cannot be used: TLS expects"),
        ("tcp://127.0.0.1:{port}", "cannot be used: Timed out trying to connect"),
    ],
)
def test_a_scheduler_that_does_not_answer_is_one_line(address, message):
    with pytest.raises(InputError, match=message):
        require_workers(address.format(port=free_port()), seconds=0.5)
