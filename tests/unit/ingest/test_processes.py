from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from mard.errors import InputError
from mard.ingest.processes import map_in_order
from tests.unit.ingest.pool_work import square, square_or_die

SQUARES = [number * number for number in range(1, 9)]


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_items(processes: int):
    assert list(map_in_order(square, iter(range(1, 9)), processes)) == SQUARES


@pytest.mark.parametrize("processes", [1, 2])
def test_what_came_before_a_fault_of_the_items_comes_out_first(processes: int):
    def items() -> Iterator[int]:
        yield from (1, 2, 3)
        raise InputError("damaged")

    found = []
    with pytest.raises(InputError, match="damaged"):
        found.extend(map_in_order(square, items(), processes))
    # extend keeps what an iterator gave before it raised
    assert found == [1, 4, 9]


def test_the_parent_does_the_work_of_a_killed_process():
    assert list(map_in_order(square_or_die, iter(range(1, 9)), 2)) == SQUARES


def test_the_workers_of_a_killed_parent_end():
    program = "from tests.unit.ingest.pool_work import main; main()"
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(running(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(running(worker) for worker in workers)


def running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
