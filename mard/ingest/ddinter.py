"""DDInter 2.0 severities: metadata beside a pair, never a label or a feature.

DDInter names drugs, not ids: a name counts as a drug's when it is its primary name, else when it
is an alias of that drug alone.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from mard.errors import InputError
from mard.schema import PairId

SEVERITIES: Final = ("Major", "Moderate", "Minor", "Unknown")

_COLUMNS: Final = ("Drug_A", "Drug_B", "Level")


def read_severity(folder: Path, drugs: pl.DataFrame) -> pl.DataFrame:
    """The severity of every pair that DDInter rates: pair_id, severity; sorted by pair.

    A pair that is rated twice has the graver one; a name that no drug of the release has is passed over.

    Raises:
        InputError: The folder holds no CSV, or a file is not DDInter's; the message names file and line.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise InputError(
            f"{folder}: no DDInter CSV there; unpack the downloads or set ingest.ddinter to null"
        )
    by_name = _by_name(drugs)
    gravest: dict[str, int] = {}
    for file in files:
        for first, second, level in _rows(file):
            a, b = by_name.get(first), by_name.get(second)
            if a is not None and b is not None and a != b:
                pair = str(PairId.of(a, b))
                gravest[pair] = min(level, gravest.get(pair, level))
    rows = [(pair, SEVERITIES[level]) for pair, level in sorted(gravest.items())]
    return pl.DataFrame(rows, schema={"pair_id": pl.String, "severity": pl.String}, orient="row")


def _by_name(drugs: pl.DataFrame) -> dict[str, str]:
    primary: defaultdict[str, set[str]] = defaultdict(set)
    alias: defaultdict[str, set[str]] = defaultdict(set)
    for drug, name, others in drugs.select("drug_id", "name", "aliases").iter_rows():
        primary[name.casefold()].add(drug)
        for other in others:
            alias[other.casefold()].add(drug)
    return {name: min(found) for name, found in {**alias, **primary}.items() if len(found) == 1}


def _rows(file: Path) -> Iterator[tuple[str, str, int]]:
    """(name, name, index into :data:`SEVERITIES`) of each line, names case-folded."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.DictReader(lines)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{file}, line 1: not a DDInter table, it has no column {', '.join(missing)}")
        for row in reader:
            first, second, level = (" ".join((row[column] or "").split()) for column in _COLUMNS)
            if level not in SEVERITIES:
                raise InputError(
                    f"{file}, line {reader.line_num}: {level!r} is none of {', '.join(SEVERITIES)}"
                )
            yield first.casefold(), second.casefold(), SEVERITIES.index(level)
