"""The data half on a synthetic release, stage by stage: time, peak memory, and the floor beside it.

Every stage runs as ``python -m tasks STAGE`` in a process of its own, as ``dvc repro`` runs it, so that its
memory is its own and its time includes starting Python. Memory is the proportional set size of the
stage's process and all its workers together, sampled while they run.

A floor is what the stage cannot do without: a bare walk over the release's drugs (ingest), the fingerprints
of all structures (evidence), and for the others, reading their inputs and writing their outputs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from benchmarks.synthetic import write_release

DEFAULT_SCALE = 0.01
SAMPLE_SECONDS = 0.05
INPUTS = {
    "ingest": (),
    "label": ("ingest",),
    "evidence": ("ingest",),
    "split": ("ingest", "label"),
    "gates": ("ingest", "label", "evidence", "split"),
    "retrieve": ("evidence", "split"),
}


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """All stages in order; ratios of their total to the walk, and the largest peak in megabytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        release = write_release(folder / "release.xml", scale)
        artifacts = folder / "artifacts"
        start = _seconds(lambda: subprocess.run(_command("--help"), stdout=subprocess.DEVNULL, check=True))
        stages = {stage: _stage(stage, artifacts, release) for stage in INPUTS}
        floors = _floors(artifacts, release)
    for stage, measured in stages.items():
        measured |= {"floor_seconds": floors[stage]}
    total = sum(measured["seconds"] for measured in stages.values())
    peak = max(measured["peak_mb"] for measured in stages.values())
    details = {"total_seconds": round(total, 2), "start_seconds": start, "stages": stages}
    return {"total_vs_walk": round(total / floors["ingest"], 2), "peak_mb": peak}, details


def _stage(stage: str, artifacts: Path, release: Path) -> dict[str, float]:
    """Seconds and peak megabytes of one stage.

    Raises:
        RuntimeError: The stage failed; with what it said.
    """
    override = f"ingest.release={json.dumps(str(release))}"
    command = _command(stage, "--artifacts", str(artifacts), "--set", override)
    peak = 0.0
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=said, stderr=said) as process,
    ):
        while process.poll() is None:
            peak = max(peak, sum(map(_megabytes, _family(process.pid))))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"stage {stage} failed: {said.read()}")
    return {"seconds": round(seconds, 2), "peak_mb": round(peak, 1)}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tasks", *arguments]


def _family(pid: int) -> Iterator[int]:
    """A process and all its descendants, as far as they still live."""
    yield pid
    try:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))
    except OSError:
        return


def _megabytes(pid: int) -> float:
    """Proportional set size of one process: memory that several share counts once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _floors(artifacts: Path, release: Path) -> dict[str, float]:
    own = {"ingest": lambda: _walk(release), "evidence": lambda: _fingerprints(artifacts)}
    return {stage: _seconds(own.get(stage, lambda stage=stage: _copy(artifacts, stage))) for stage in INPUTS}


def _walk(release: Path) -> None:
    for _, drug in etree.iterparse(release, tag="{http://www.drugbank.ca}drug"):
        drug.clear()


def _fingerprints(artifacts: Path) -> None:
    smiles = pl.read_parquet(artifacts / "ingest" / "drugs.parquet")["smiles"].drop_nulls()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    with rdBase.BlockLogs():
        for text in smiles:
            generator.GetFingerprint(Chem.MolFromSmiles(text))


def _copy(artifacts: Path, stage: str) -> None:
    """Read the tables before a stage and write those after it."""
    for source in INPUTS[stage]:
        for table in sorted((artifacts / source).glob("*.parquet")):
            pl.read_parquet(table)
    with tempfile.TemporaryDirectory() as scratch:
        for table in sorted((artifacts / stage).glob("*.parquet")):
            pl.read_parquet(table).write_parquet(Path(scratch) / table.name, compression="zstd")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)
