"""A DrugBank full-database release to tables (section 1 of the method), in one streaming pass."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mard.errors import ReleaseError
from mard.ingest.container import OnProgress, find_release
from mard.ingest.interactions import Interactions
from mard.ingest.layout import UnusualLayout
from mard.ingest.reading import read_plainly, read_quickly
from mard.ingest.tables import TableBuilder
from mard.ingest.xml_stream import DrugStream
from mard.io import sha256_file

__all__ = ["ReleaseInfo", "ReleaseTables", "find_release", "parse_release"]


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """What a release is; it goes into every manifest that descends from it."""

    file: str
    sha256: str
    version: str
    exported_on: str


@dataclass(frozen=True, slots=True)
class ReleaseTables:
    """The tables of a release; columns as in ``tasks/contracts.py``.

    Attributes:
        interactions: One row per listing, in the order of the release; the other tables are sorted.
        rejected: Listings that name no usable pair, with the reason: malformed_id, unknown_drug,
            self_pair, no_description, duplicate_drug.
    """

    info: ReleaseInfo
    drugs: pl.DataFrame
    proteins: pl.DataFrame
    pathways: pl.DataFrame
    interactions: Interactions
    rejected: pl.DataFrame


def parse_release(path: Path, *, processes: int = 1, on_progress: OnProgress | None = None) -> ReleaseTables:
    """Read a release: ``.xml``, ``.xml.gz``, ``.zip`` with one XML, or a folder that holds one of them.

    Args:
        path: The file or folder.
        processes: How many processes read; the tables do not depend on it.
        on_progress: Called with bytes of the file read so far, and its size.

    Raises:
        ReleaseError: The file is missing, damaged, hostile or not DrugBank.
    """
    file = find_release(path)
    with ThreadPoolExecutor(1) as beside:
        sha256 = beside.submit(sha256_file, file)
        root = DrugStream(file).root
        try:
            builder = TableBuilder(read_quickly(file, root.prefix, processes, on_progress))
        except UnusualLayout:
            builder = TableBuilder(read_plainly(DrugStream(file, on_progress)))
        drugs = builder.drugs()
        if drugs.is_empty():
            raise ReleaseError(file, "holds no drug with a DrugBank id; give the full-database XML")
        interactions, rejected = builder.interactions(drugs)
        info = ReleaseInfo(file.name, sha256.result(), root.version, root.exported_on)
    return ReleaseTables(info, drugs, builder.proteins(), builder.pathways(), interactions, rejected)
