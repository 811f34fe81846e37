"""Judging candidate traces against merely decoding the JSON that they are read from.

The candidates are the symbolic teachers' about a synthetic release: 24 of each a pair. Every shard is decoded
and then heard, in turns, by one process; then all shards are heard once more by a process a core, as the
stage does it. ``scale`` 1 is 25,000 pairs, the paper's teacher subset.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.synthetic import write_release
from mard.config import load_params
from mard.ingest.processes import map_in_order
from mard.judge.court import Court, Summons, hear
from tasks.judge import bounds_of
from tasks.stage import PARAMS

DEFAULT_SCALE = 0.02
PAIRS: Final = 25_000
CANDIDATES: Final = 24
SHARD_PAIRS: Final = 16
STAGES: Final = ("ingest", "label", "evidence", "split", "retrieve", "teach")


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Time of judging over that of decoding alone, and candidates a second on one core and on all."""
    with tempfile.TemporaryDirectory() as name:
        artifacts = _candidates(Path(name), scale)
        params = load_params(PARAMS).judge
        summons = Summons(
            artifacts / "evidence",
            artifacts / "retrieve",
            artifacts / "split" / "teacher_subset.parquet",
            bounds_of(params),
            params.steps_per_pair,
        )
        shards = sorted((artifacts / "teach" / "candidates").glob("shard-*.jsonl"))
        decoding, judging, candidates = _one_core(summons, shards)
        cores = len(os.sched_getaffinity(0))
        start, rate = _all_cores(summons, shards, cores)
    details = {
        "candidates": candidates,
        "candidates_per_second_decoded": round(candidates / decoding),
        "candidates_per_second_one_core": round(candidates / judging),
        "cores": cores,
        "start_seconds": round(start, 2),
        "candidates_per_second": round(rate),
    }
    return {"judge_vs_json_parse": round(judging / decoding, 2)}, details


def _candidates(folder: Path, scale: float) -> Path:
    """The artifacts of a run up to the stage teach."""
    pairs = max(24, round(scale * PAIRS))
    release = write_release(folder / "release.xml", max(0.002, scale / 5))
    settings = {
        "ingest.release": json.dumps(str(release)),
        "split.subset_train": pairs * 8 // 10,
        "split.subset_val": pairs // 10,
        "split.subset_test": pairs // 10,
        "teach.candidates": CANDIDATES,
        "teach.shard_pairs": SHARD_PAIRS,
    }
    overrides = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    for stage in STAGES:
        command = [sys.executable, "-m", "tasks", stage, "--artifacts", str(folder / "artifacts"), *overrides]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return folder / "artifacts"


def _one_core(summons: Summons, shards: Sequence[Path]) -> tuple[float, float, int]:
    """Seconds of decoding all shards, of judging them, and how many candidates there are."""
    court = Court.convene(summons)
    decoding = judging = 0.0
    candidates = 0
    for shard in shards:
        started = time.perf_counter()
        with shard.open(encoding="utf-8") as lines:
            candidates += sum(1 for _ in map(json.loads, lines))
        decoded = time.perf_counter()
        court.shard(shard)
        decoding, judging = decoding + decoded - started, judging + time.perf_counter() - decoded
    return decoding, judging, candidates


def _all_cores(summons: Summons, shards: Sequence[Path], cores: int) -> tuple[float, float]:
    """Seconds until the processes have done a first shard each, and candidates a second from then on."""
    arrived = [time.perf_counter()]
    heard = []
    for session in map_in_order(partial(hear, summons), iter(shards), cores):
        arrived.append(time.perf_counter())
        heard.append(len(session.verdicts))
    first = min(cores, len(shards) - 1)
    return arrived[first] - arrived[0], sum(heard[first:]) / (arrived[-1] - arrived[first])
