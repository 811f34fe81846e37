"""Progress that a person can watch: a bar or lines, and a bar in the Prefect UI inside a run."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Final, Self

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger
from tqdm import tqdm

from mard.errors import MardError
from tasks.environment import is_silent

SECONDS_BETWEEN_REPORTS: Final = 2.0


def logger() -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
    """Prefect's run logger inside a run, a plain one outside."""
    try:
        return get_run_logger()
    except MissingContextError:
        return get_logger("mard")


class OneLineErrors(logging.Filter):
    """Drops the traceback of deliberate errors from Prefect's logs: their message says it all."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; cut the traceback of a ``MardError``."""
        if record.exc_info and isinstance(record.exc_info[1], MardError):
            record.exc_info = None
            record.exc_text = None
        return True


def install_one_line_errors() -> None:
    """Attach :class:`OneLineErrors` to the loggers of Prefect's runs."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        runs = logging.getLogger(name)
        if not any(isinstance(present, OneLineErrors) for present in runs.filters):
            runs.addFilter(OneLineErrors())


class Progress:
    """Counts work done and shows rate and time left: a bar on a terminal, elsewhere a line every two seconds.

    ``before`` is what an earlier process has done, which took this one no time.

    Call it with ``(done, total)``: it is what ``mard`` functions take as ``on_progress``.
    """

    def __init__(self, what: str, before: int = 0) -> None:
        self.what = what
        self.before = before
        self._started = self._reported = time.monotonic()
        self._artifact = None
        self._log = logger()
        self._bar = (
            tqdm(desc=what, total=0, initial=before, unit="", unit_scale=True)
            if sys.stderr.isatty()
            else None
        )
        self._silent = is_silent()

    def __enter__(self) -> Self:
        if TaskRunContext.get() is not None or FlowRunContext.get() is not None:
            self._artifact = create_progress_artifact(progress=0.0, description=self.what)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._artifact is not None and kind is None:
            update_progress_artifact(artifact_id=self._artifact, progress=100.0, description=self.what)

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Report that ``done`` of ``total`` units are complete, and what else there is to know."""
        if self._silent:
            return
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
        now = time.monotonic()
        if now - self._reported < SECONDS_BETWEEN_REPORTS and done < total:
            return
        self._reported = now
        rate = (done - self.before) / max(now - self._started, 1e-9)
        left = (total - done) / rate if rate else float("inf" if done < total else 0)
        line = f"{self.what}: {done:,} of {total:,}, {rate:,.1f} a second, {left:.0f} s left"
        line += f", {note}" if note else ""
        if self._bar is None:
            self._log.info(line)
        if self._artifact is not None:
            update_progress_artifact(
                artifact_id=self._artifact, progress=min(100.0, 100 * done / max(total, 1)), description=line
            )
