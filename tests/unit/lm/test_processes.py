"""Two processes train as one does, however the work is divided; on a CPU, over gloo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mard.config import load_params
from mard.lm.schedule import share
from tasks.launch import command
from tasks.stage import PARAMS
from tests import trainees
from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(900)

COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="DeepSpeed compiles its CPU communication")


def trained(folder: Path, strategy: str, *kinds: str) -> dict[str, list[trainees.Curve]]:
    """The curves that the first and the second process saw."""
    launch = replace(load_params(PARAMS).launch, processes=2, strategy=strategy)
    done = subprocess.run(
        command(launch, "tests.trainees", str(folder), *kinds),
        cwd=ROOT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},  # ninja
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return {
        kind: [
            json.loads((folder / kind / f"curve{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)
        ]
        for kind in kinds
    }


def assert_like(curve: trainees.Curve, alone: trainees.Curve, relative: float) -> None:
    """Every value of every point, up to sums in another order."""
    assert [set(point) for point in curve] == [set(point) for point in alone]
    for point, expected in zip(curve, alone, strict=True):
        assert point == pytest.approx(expected, rel=relative, abs=1e-5)


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    found = trained(tmp_path / "two", "ddp", *trainees.KINDS)
    for kind, train in trainees.KINDS.items():
        alone = train(tmp_path / "one" / kind)
        assert len(alone) >= 2
        for curve in found[kind]:
            assert_like(curve, alone, 2e-4)
    one, two = (tmp_path / way / "sft" / "process0" / "model" / "model.safetensors" for way in ("one", "two"))
    assert one.read_bytes() == two.read_bytes(), "each took one of two micro-batches: the same sums"


@COMPILER
@pytest.mark.parametrize("strategy", ["zero2", "zero3"])
def test_divided_by_deepspeed_they_train_alike(strategy: str, tmp_path: Path) -> None:
    found = trained(tmp_path / "two", strategy, "sft")["sft"]
    alone = trainees.sft(tmp_path / "one")
    for curve in found:
        assert_like(curve, alone, 2e-4)
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "two" / "sft" / "process0" / "model" / file).exists()


def test_whole_micro_batches_are_dealt_out_before_one_is_cut() -> None:
    assert share(4, 8, 1) == (4, 8)
    assert share(4, 8, 2) == (4, 4), "32 pairs: 2 x 4 x 4"
    assert share(4, 8, 16) == (2, 1), "32 pairs: 16 x 1 x 2"
    assert share(6, 2, 3) == (2, 2), "12 pairs: 3 x 2 x 2"
    with pytest.raises(ValueError, match="3 processes cannot share 2 micro-batches of 4 equally"):
        share(4, 2, 3)
