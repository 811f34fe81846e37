"""Work for the processes under test: they import it by name."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time

from mard.ingest.processes import map_in_order


def square(number: int) -> int:
    """The later ones are done first."""
    time.sleep(0.05 / number)
    return number * number


def square_or_die(number: int) -> int:
    """The third kills the process that computes it, unless that is the parent."""
    if number == 3 and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def say_who_and_wait(number: int) -> int:
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    time.sleep(60)
    return number


def main() -> None:
    """A parent with two waiting workers."""
    for _ in map_in_order(say_who_and_wait, iter(range(4)), 2):
        pass
