"""How much memory one call takes, by the kernel's own high-water mark (Linux)."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_SELF = Path("/proc/self")


def peak_mb_of(work: Callable[[], T]) -> tuple[float, T]:
    """Resident memory that ``work`` needed at its peak beyond what was there, in MB, and its result."""
    gc.collect()
    (_SELF / "clear_refs").write_text("5")  # the mark falls to what is resident now
    before = _mark_mb()
    result = work()
    return round(_mark_mb() - before, 1), result


def _mark_mb() -> float:
    mark = re.search(r"VmHWM:\s+(\d+) kB", (_SELF / "status").read_text())
    assert mark is not None
    return int(mark[1]) / 1024
