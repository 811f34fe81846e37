"""Stages timed in processes of their own; two of them, since starting Python takes most of the time here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import data_half


def test_every_stage_is_timed_beside_its_floor(monkeypatch: pytest.MonkeyPatch):
    assert list(data_half.INPUTS) == ["ingest", "label", "evidence", "split", "gates", "retrieve"]
    monkeypatch.setattr(data_half, "INPUTS", {"ingest": (), "label": ("ingest",)})
    ratios, details = data_half.run(0.001)
    assert set(ratios) == {"total_vs_walk", "peak_mb"}
    assert list(details["stages"]) == ["ingest", "label"]
    assert details["total_seconds"] == pytest.approx(
        sum(measured["seconds"] for measured in details["stages"].values()), abs=0.01
    )
    for measured in details["stages"].values():
        assert set(measured) == {"seconds", "peak_mb", "floor_seconds"}
        assert measured["peak_mb"] > 50  # an interpreter and its libraries alone take more
    assert ratios["peak_mb"] == max(measured["peak_mb"] for measured in details["stages"].values())


def test_a_stage_that_fails_says_why(tmp_path: Path):
    with pytest.raises(RuntimeError, match=r"stage label failed.*ingest"):
        data_half._stage("label", tmp_path / "artifacts", tmp_path / "none.xml")


def test_workers_count_as_the_stages_memory():
    """A child that allocates 64 MB shows up in what its parent's family needs."""
    child = "x = bytearray(b'1') * 64_000_000; print(flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        family = list(data_half._family(process.pid))
        megabytes = sum(map(data_half._megabytes, family))
        process.stdin.close()
    assert len(family) == 2
    assert 64 <= megabytes < 130


def test_a_process_that_is_gone_takes_no_memory():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert data_half._megabytes(process.pid) == 0
    assert list(data_half._family(process.pid)) == [process.pid]
