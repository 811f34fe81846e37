"""Parsing a release against a bare walk over its drugs, in one process.

The release is the embedded sample, repeated under other drug ids until it has ``scale`` times the pairs of
a full release.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from mard.ingest.drugbank import parse_release
from mard.ingest.sample.release import write_release

DEFAULT_SCALE = 0.05
FULL_RELEASE_PAIRS = 1_460_000
SAMPLE_PAIRS = 8_467
ROUNDS = 3


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratio of the median parse to the median walk, measured in turns."""
    copies = max(1, round(scale * FULL_RELEASE_PAIRS / SAMPLE_PAIRS))
    with tempfile.TemporaryDirectory() as folder:
        release = _repeated(Path(folder), copies)
        walks, parses = [], []
        for _ in range(ROUNDS):
            walks.append(_seconds(lambda: _walk(release)))
            parses.append(_seconds(lambda: parse_release(release)))
        tables = parse_release(release)
        details = {
            "megabytes": round(release.stat().st_size / 1e6, 1),
            "drugs": tables.drugs.height,
            "listings": tables.interactions.height,
            "walk_seconds": sorted(walks)[ROUNDS // 2],
            "parse_seconds": sorted(parses)[ROUNDS // 2],
        }
    return {"one_process_vs_walk": details["parse_seconds"] / details["walk_seconds"]}, details


def _repeated(folder: Path, copies: int) -> Path:
    text = write_release(folder / "sample").read_text(encoding="utf-8")
    start, end = text.index("<drug type="), text.rindex("</drugbank>")
    release = folder / "release.xml"
    with release.open("w", encoding="utf-8") as out:
        out.write(text[:start])
        for body in _renumbered(text[start:end], copies):
            out.write(body)
        out.write(text[end:])
    return release


def _renumbered(body: str, copies: int) -> Iterator[str]:
    for copy in range(copies):
        yield re.sub(r"\bDB(\d{5})\b", lambda match, copy=copy: f"DB{copy + 1}{match[1]}", body)


def _walk(release: Path) -> None:
    for _, drug in etree.iterparse(release, tag="{http://www.drugbank.ca}drug"):
        drug.clear()


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)
