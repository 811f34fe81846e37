"""Parsing a release against a bare walk over its drugs, in one process and in two.

Every measurement is a process of its own, in turns, so that its peak memory is its own too. A parse is
timed until every row of every table has been made, the hash of the file included; the walk is lxml's
``iterparse`` over the drugs, each cleared and nothing read. The peers take values and listings the usual way.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lxml import etree

from mard.ingest.drugbank import parse_release

DEFAULT_SCALE = 0.05
ROUNDS = 3
LARGEST_FOR_SLOW_PEERS = 0.1

_NAMESPACE = "{http://www.drugbank.ca}"
_TEXTS = ("name", "mechanism-of-action", "half-life")


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Ratios of median times; ``rows_missing`` counts against the rows that the peer finds."""
    from benchmarks.synthetic import write_release

    with tempfile.TemporaryDirectory() as folder:
        release = write_release(Path(folder) / "release.xml", scale)
        rounds = [{way: _measured(way, release) for way in ("walk", "one", "two")} for _ in range(ROUNDS)]
        peers = ["lxml", *(["elementtree"] if scale <= LARGEST_FOR_SLOW_PEERS else [])]
        once = {way: _measured(way, release) for way in peers}
        megabytes = release.stat().st_size / 1e6
    seconds = {way: statistics.median(each[way]["seconds"] for each in rounds) for way in rounds[0]}
    last = rounds[-1]
    details = {
        "megabytes": round(megabytes, 1),
        "drugs": last["one"]["drugs"],
        "listings": last["one"]["listings"],
        "rows_missing": sum(abs(last[way]["listings"] - once["lxml"]["listings"]) for way in ("one", "two")),
        "rss_mb": {
            "one_process": max(each["one"]["rss_mb"] for each in rounds),
            "parent_of_two": max(each["two"]["rss_mb"] for each in rounds),
            "worker_of_two": max(each["two"]["worker_rss_mb"] for each in rounds),
        },
        "seconds": {way: round(value, 2) for way, value in seconds.items()},
        "peers_vs_walk": {way: round(found["seconds"] / seconds["walk"], 2) for way, found in once.items()},
    }
    ratios = {
        "one_process_vs_walk": round(seconds["one"] / seconds["walk"], 3),
        "two_process_vs_walk": round(seconds["two"] / seconds["walk"], 3),
    }
    return ratios, details


def _measured(way: str, release: Path) -> dict[str, Any]:
    program = f"from benchmarks.parse import measure; measure({way!r}, {str(release)!r})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _walk(release: Path) -> dict[str, int]:
    for _, drug in etree.iterparse(str(release), tag=f"{_NAMESPACE}drug"):
        drug.clear()
    return {}


def _parse(release: Path, processes: int) -> dict[str, int]:
    tables = parse_release(release, processes=processes)
    rows = sum(batch.height for batch in tables.interactions.batches())
    return {"drugs": tables.drugs.height, "listings": rows + tables.rejected.height}


def _extract(iterparse: Callable[..., Any], release: Path) -> dict[str, int]:
    """The usual way: one pass, a drug's values by path, its listings as tuples."""
    rows: list[tuple[str, str | None, str | None]] = []
    drugs = []
    depth = 0
    for event, element in iterparse(str(release), events=("start", "end")):
        if element.tag != f"{_NAMESPACE}drug":
            continue
        depth += 1 if event == "start" else -1
        if event == "start" or depth:
            continue
        drug_id = element.findtext(f"{_NAMESPACE}drugbank-id")
        drugs.append([element.findtext(_NAMESPACE + tag) for tag in _TEXTS])
        rows += [
            (drug_id, item.findtext(f"{_NAMESPACE}drugbank-id"), item.findtext(f"{_NAMESPACE}description"))
            for item in element.iterfind(f"{_NAMESPACE}drug-interactions/{_NAMESPACE}drug-interaction")
        ]
        element.clear()
    return {"drugs": len(drugs), "listings": len(rows)}


_WAYS: dict[str, Callable[[Path], dict[str, int]]] = {
    "walk": _walk,
    "one": lambda release: _parse(release, 1),
    "two": lambda release: _parse(release, 2),
    "lxml": lambda release: _extract(etree.iterparse, release),
    "elementtree": lambda release: _extract(ElementTree.iterparse, release),
}


def _peak_mb(who: int) -> float:
    return round(resource.getrusage(who).ru_maxrss / 1024, 1)


def measure(way: str, release: str) -> None:
    """Print the time, the memory and the counts of one way as JSON."""
    started = time.perf_counter()
    counts = _WAYS[way](Path(release))
    taken = time.perf_counter() - started
    memory = {"rss_mb": _peak_mb(resource.RUSAGE_SELF), "worker_rss_mb": _peak_mb(resource.RUSAGE_CHILDREN)}
    print(json.dumps({"seconds": taken, **counts, **memory}))
