"""Answers of other systems, from a CSV or Parquet file, as if a baseline had given them.

One row a pair, with the columns

    drug_a, drug_b   DrugBank ids, in any order
    family           one of the seven
    subtype          optional: of the vocabulary, inside the family
    direction        optional: a_to_b where this row's drug_a acts on its drug_b, b_to_a, bidirectional, n/a
    polarity         optional: up or down
    protocol         optional: whose test pairs the row answers; without it all protocols'
    confidence       optional: in [0, 1]

An optional column may be absent or have empty cells. A level that is not given is never right; a test
pair without a row is counted as missing and wrong, and a row for no test pair is counted and ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from mard.errors import InputError
from mard.label.taxonomy import load_taxonomy
from mard.schema import DRUG_ID, Direction, Family, Polarity, Protocol

REQUIRED: Final = ("drug_a", "drug_b", "family")
OPTIONAL: Final = ("subtype", "direction", "polarity", "protocol", "confidence")
LEVELS: Final = ("family", "subtype", "direction", "polarity")
FAMILIES: Final = frozenset(map(str, Family))
FAULTS_SHOWN: Final = 5
FIRST_LINE: Final = {".csv": 2, ".parquet": 1}

_FLIPPED: Final = {str(Direction.A_TO_B): str(Direction.B_TO_A), str(Direction.B_TO_A): str(Direction.A_TO_B)}


@dataclass(frozen=True)
class Aligned:
    """A system's answers to the test pairs of one protocol.

    Attributes:
        answers: ``pair_id``, the label's columns, ``confidence`` (null where not given) and ``parsed``,
            false where the system has no answer; in the order of gold.
        missing: Test pairs without an answer.
        ignored: Answers to no test pair.
    """

    answers: pl.DataFrame
    missing: int
    ignored: int


def read_predictions(path: Path) -> pl.DataFrame:
    """Read and check a file of answers.

    Returns:
        ``pair_id``, the label's columns relative to the canonical order, ``protocol`` (empty: all) and
        ``confidence``.

    Raises:
        InputError: The file cannot be read, lacks a column, or has rows that mean nothing; the first
            such rows are named with their lines (rows, in Parquet).
    """
    rows = _read(path)
    faults = [fault for row in rows.iter_rows(named=True) for fault in _faults(row)]
    faults += list(_repeated(rows))
    if faults:
        kind = "line" if path.suffix == ".csv" else "row"
        shown = "; ".join(f"{kind} {line}: {fault}" for line, fault in sorted(faults)[:FAULTS_SHOWN])
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise InputError(f"{path}: {shown}{more}")
    turned = pl.col("drug_a") > pl.col("drug_b")
    direction = pl.when(turned).then(pl.col("direction").replace(_FLIPPED)).otherwise("direction")
    confidence = pl.col("confidence").replace("", None).cast(pl.Float64)
    return rows.with_columns(direction).select(_pair_id(), *LEVELS, "protocol", confidence)


def align(predictions: pl.DataFrame, gold: pl.DataFrame, protocol: Protocol) -> Aligned:
    """The answers to a protocol's test pairs.

    Args:
        predictions: From :func:`read_predictions`.
        gold: ``pair_id`` of the test pairs ``[n]``.
        protocol: Theirs.
    """
    own = predictions.filter(pl.col("protocol").is_in(["", str(protocol)])).with_columns(parsed=True)
    answers = gold.select("pair_id").join(own, on="pair_id", how="left", maintain_order="left")
    answers = answers.with_columns(pl.col("parsed").fill_null(False), pl.col(LEVELS).fill_null(""))
    answered = int(answers["parsed"].sum())
    return Aligned(answers.drop("protocol"), gold.height - answered, own.height - answered)


def _read(path: Path) -> pl.DataFrame:
    """All columns as text, absent ones and empty cells as empty text, and ``line``."""
    if path.suffix not in FIRST_LINE:
        raise InputError(f"{path}: answers are read from .csv or .parquet")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        table = pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        raise InputError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    lacking = [name for name in REQUIRED if name not in table.columns]
    if lacking:
        raise InputError(f"{path}: no column {', '.join(lacking)}; a row needs {', '.join(REQUIRED)}")
    absent = [pl.lit("").alias(name) for name in OPTIONAL if name not in table.columns]
    text = pl.col(*REQUIRED, *OPTIONAL).cast(pl.String).fill_null("")
    return table.with_columns(absent).select(text).with_row_index("line", offset=FIRST_LINE[path.suffix])


def _faults(row: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """The line and what is wrong with it."""
    line = int(row["line"])
    for side in ("drug_a", "drug_b"):
        if not DRUG_ID.fullmatch(row[side]):
            yield line, f"{side} {row[side]!r} is no DrugBank id"
    if row["drug_a"] == row["drug_b"]:
        yield line, f"{row['drug_a']} is paired with itself"
    for column, known in _KNOWN.items():
        if row[column] not in known:
            yield line, f"unknown {column} {row[column]!r}"
    if row["family"] not in FAMILIES:
        yield line, f"unknown family {row['family']!r}"
    elif row["subtype"] and not load_taxonomy().knows(Family(row["family"]), row["subtype"]):
        yield line, f"unknown subtype {row['subtype']!r} of {row['family']}"
    if row["confidence"] and not _is_share(row["confidence"]):
        yield line, f"confidence {row['confidence']!r} is not in [0, 1]"


_KNOWN: Final = {
    "direction": {"", *map(str, Direction)},
    "polarity": {"", *map(str, Polarity)},
    "protocol": {"", *map(str, Protocol)},
}


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _repeated(rows: pl.DataFrame) -> Iterator[tuple[int, str]]:
    """Second answers to a pair, in whichever order; one without a protocol answers under all of them."""
    answered: dict[tuple[str, str], int] = {}
    for line, pair, protocol in rows.select("line", _pair_id(), "protocol").iter_rows():
        named = [protocol] if protocol else [str(each) for each in Protocol]
        first = min(answered.setdefault((pair, name), line) for name in named)
        if first != line:
            yield line, f"{pair} was answered before, in {first}"


def _pair_id() -> pl.Expr:
    ends = pl.min_horizontal("drug_a", "drug_b"), pl.max_horizontal("drug_a", "drug_b")
    return pl.concat_str(*ends, separator="|").alias("pair_id")
