"""Where the tasks of a flow run: on threads of this process, or on the workers of a Dask cluster.

``dask`` without an address starts a cluster of worker processes on this machine. With one it uses a
cluster that is already there, on as many machines as have joined it; CONTRIBUTING.md says how to start it.

Dask rather than Ray: both give the task of a dead worker to another one, and Dask does it with eight
small packages where Ray brings sixteen, among them gRPC and a metrics stack.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeVar, cast

from prefect.futures import PrefectConcurrentFuture, PrefectFuture, as_completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from mard.errors import InputError, MardError

Kind = Literal["threads", "dask"]
KINDS: Final[tuple[Kind, ...]] = ("threads", "dask")
SECONDS_TO_JOIN: Final = 20

R = TypeVar("R")


def task_runner(kind: str, workers: int | None = None, address: str | None = None) -> TaskRunner[Any]:
    """The task runner for ``flow.with_options(task_runner=...)``.

    Args:
        kind: One of :data:`KINDS`.
        workers: Tasks at once; by default as many as this process has cores.
        address: Scheduler of a running Dask cluster, which then decides how many workers there are.

    Raises:
        InputError: The choice contradicts itself, Dask is not installed, or no cluster answers.
    """
    if kind not in KINDS:
        raise InputError(f"--runner {kind}: there are {' and '.join(KINDS)}")
    if address is not None and (kind != "dask" or workers is not None):
        raise InputError("--address names the scheduler of a Dask cluster: give --runner dask, no --workers")
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: at least one is needed")
    if kind == "threads":
        return ThreadPoolTaskRunner(max_workers=workers or cores())
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise InputError(
            "Dask is not installed: pip install 'mard[dask]', or use --runner threads"
        ) from error
    if address is not None:
        require_workers(address)
        return DaskTaskRunner(address=address)
    from flows.cluster import LoopbackCluster

    return DaskTaskRunner(cluster_class=LoopbackCluster, cluster_kwargs={"workers": workers or cores()})


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def require_workers(address: str, seconds: float = SECONDS_TO_JOIN) -> None:
    """Make sure that a cluster answers and has workers with the same packages.

    Raises:
        InputError: It has not; the message says what to start.
    """
    from distributed import Client

    try:
        asyncio.run(_answer(address, seconds))
        with Client(address, timeout=seconds, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=seconds)
            client.get_versions(check=True)
    except TimeoutError as error:
        raise InputError(f"no worker has joined {address}: start `dask worker {address}` first") from error
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"--address {address} cannot be used: {error}") from error


async def _answer(address: str, seconds: float) -> None:
    """Connect and hang up: a client that cannot connect would wait for a long time before it gives up."""
    from distributed.comm import connect
    from distributed.security import Security

    comm = await connect(address, timeout=seconds, **Security().get_connection_args("client"))
    await comm.close()


def results(futures: Sequence[PrefectFuture[R]]) -> Iterator[R]:
    """What submitted tasks return, as they finish; raises as :func:`result_of` does."""
    for future in as_completed(list(futures)):
        yield result_of(future)


def result_of(future: PrefectFuture[R]) -> R:
    """What a submitted task returns.

    A cluster is told to forget the result then: it would compute it again when the worker that holds it
    dies.

    Raises:
        MardError: The task took down every worker that tried it, or the cluster has gone away.
    """
    if isinstance(future, PrefectConcurrentFuture):
        return future.result()
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise MardError(
            "a task has taken down every worker that tried it, most likely for want of memory: "
            "give it smaller shards or fewer workers"
        ) from error
    except CancelledError as error:
        raise MardError("the Dask cluster has gone away; what is finished is kept, so run again") from error
    finally:
        cast("Any", future).wrapped_future.release()
