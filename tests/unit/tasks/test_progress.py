from __future__ import annotations

import io
import logging
import sys
import time

import pytest

from tasks import progress
from tasks.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_with_rate_and_time_left(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("ingest: bytes") as report:
        for done in (500, 1000, 2000):
            time.sleep(0.11)  # the bar is drawn ten times a second at most
            report(done, 2000)
    shown = terminal.getvalue()
    assert shown.count("\n") == 1
    last = shown.split("\r")[-1]
    assert "ingest: bytes: 100%" in last
    assert "2.00k/2.00k" in last
    assert "/s]" in last
    assert "<00:0" in last


def test_a_log_gets_lines_with_rate_and_time_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(progress, "logger", lambda: logging.getLogger("test"))
    caplog.set_level(logging.INFO)
    clock = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with Progress("pairs") as report:
        report(500, 1000)
        report(1000, 1000)
    assert [record.getMessage() for record in caplog.records] == [
        "pairs: 500 of 1,000, 250.0 a second, 2 s left",
        "pairs: 1,000 of 1,000, 250.0 a second, 0 s left",
    ]


def test_what_was_done_before_counts_for_no_speed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "logger", lambda: logging.getLogger("test"))
    caplog.set_level(logging.INFO)
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with Progress("candidates", before=900) as report:
        report(910, 1000)
    assert caplog.messages == ["candidates: 910 of 1,000, 5.0 a second, 18 s left"]


def test_a_failure_leaves_no_open_bar(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(RuntimeError), Progress("ingest: bytes") as report:
        report(1, 2)
        raise RuntimeError
    assert terminal.getvalue().endswith("\n")
