"""A Dask cluster of worker processes on this machine."""

from __future__ import annotations

from distributed import LocalCluster

from flows.servers import HOST


class LoopbackCluster(LocalCluster):
    """``workers`` processes with one thread each, which only their own client can reach.

    Its keys are made for it and live as long as it does: without them, every user of the machine could
    run code on the workers.
    """

    dashboard_link = None  # the page needs bokeh, which is not installed; Prefect's page shows the tasks

    def __init__(self, workers: int) -> None:
        super().__init__(
            n_workers=workers,
            threads_per_worker=1,
            host=HOST,
            dashboard_address=f"{HOST}:0",
            security=True,
            memory_limit=0,  # an index is mapped, not owned, but its pages would be counted
        )
