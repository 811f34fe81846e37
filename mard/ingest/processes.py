"""Pieces read by several processes, results in the order of the file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Final, TypeVar

from mard.errors import MardError

T = TypeVar("T")
R = TypeVar("R")

_AHEAD: Final = 2
"""Pieces under way or waiting for each process."""


def map_in_order(work: Callable[[T], R], items: Iterator[T], processes: int) -> Iterator[R]:
    """``map(work, items)``, by ``processes`` processes if there are several.

    What comes out, an error of ``work`` or ``items`` included, does not depend on their number. If a process
    is killed, this one does the rest itself. If this one is killed, its processes end by themselves.
    """
    if processes == 1:
        yield from map(work, items)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_serve)
    try:
        yield from _in_order(pool, work, items, _AHEAD * processes)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: Executor, work: Callable[[T], R], items: Iterator[T], ahead: int) -> Iterator[R]:
    waiting: deque[tuple[T, Future[R] | None]] = deque()
    try:
        for item in items:
            waiting.append((item, _submitted(pool, work, item)))
            if len(waiting) == ahead:
                yield _result(work, *waiting.popleft())
    except MardError:  # of the items: what came before them comes out first
        yield from (_result(work, *each) for each in waiting)
        raise
    yield from (_result(work, *each) for each in waiting)


def _submitted(pool: Executor, work: Callable[[T], R], item: T) -> Future[R] | None:
    try:
        return pool.submit(work, item)
    except BrokenProcessPool:
        return None


def _result(work: Callable[[T], R], item: T, future: Future[R] | None) -> R:
    if future is not None:
        with suppress(BrokenProcessPool):
            return future.result()
    return work(item)


def _serve() -> None:
    """In a worker: leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
