"""KEGG pathways of drugs, from an optional side table (TSV with the columns drug_id, pathway_id)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import polars as pl

from mard.errors import InputError
from mard.ingest.tables import PATHWAY_COLUMNS
from mard.schema import DRUG_ID

_COLUMNS: Final = ["drug_id", "pathway_id"]
_PATHWAY: Final = re.compile(r"[a-z]{2,4}\d{5}")


def read_kegg(path: Path, drugs: pl.DataFrame) -> pl.DataFrame:
    """Pathways of the release's drugs: drug_id, pathway_id, source "kegg"; sorted, each once.

    Rows about drugs that the release does not have are left out.

    Raises:
        InputError: The file is missing, or a line is not an id and a pathway; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a KEGG table ({error})") from error
    if not lines or lines[0].split("\t") != _COLUMNS:
        raise InputError(f"{path}, line 1: expected the header {' <tab> '.join(_COLUMNS)}")
    rows = {_row(path, number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()}
    known = set(drugs["drug_id"])
    kept = [(drug, pathway, "kegg") for drug, pathway in sorted(rows) if drug in known]
    return pl.DataFrame(kept, schema=PATHWAY_COLUMNS, orient="row")


def _row(path: Path, number: int, line: str) -> tuple[str, str]:
    fields = [field.strip() for field in line.split("\t")]
    if len(fields) != 2 or not DRUG_ID.fullmatch(fields[0]) or not _PATHWAY.fullmatch(fields[1]):
        raise InputError(f"{path}, line {number}: {line!r} is not like 'DB00582 <tab> hsa00982'")
    return fields[0], fields[1]
