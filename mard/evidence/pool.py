"""The evidence table: one row a drug, made from the ingest tables (section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.config import Evidence
from mard.evidence.excerpts import NameIndex, excerpt
from mard.evidence.fingerprints import morgan_fingerprints
from mard.evidence.half_life import parse_half_life
from mard.evidence.pk_flags import PROTEINS, pk_flags

ROLE_COLUMNS: Final = {
    "target": "targets",
    "enzyme": "enzymes",
    "transporter": "transporters",
    "carrier": "carriers",
}
HUMAN: Final = ("Humans", "Human", "Homo sapiens")
MAX_HALF_LIFE_CHARS: Final = 160

_TEXTS: Final = pl.List(pl.String)
_TEXT_COLUMNS: Final = pl.Schema(
    {
        "half_life_hours": pl.Float64(),
        "half_life_text": pl.String(),
        "half_life_names": _TEXTS,
        "moa": _TEXTS,
        "moa_names": pl.List(_TEXTS),
    }
)


@dataclass(frozen=True)
class EvidenceTables:
    """Evidence of ``n`` drugs, sorted by drug id.

    Attributes:
        drugs: Table ``evidence/drugs``.
        fingerprints: Packed Morgan bits, uint8 ``[n, bits / 8]``; row i belongs to row i of ``drugs``.
    """

    drugs: pl.DataFrame
    fingerprints: npt.NDArray[np.uint8]


def build_evidence(
    drugs: pl.DataFrame, proteins: pl.DataFrame, pathways: pl.DataFrame, params: Evidence
) -> EvidenceTables:
    """Evidence from the tables ``ingest/drugs``, ``ingest/proteins`` and ``ingest/pathways``."""
    drugs = drugs.sort("drug_id")
    fingerprints, readable = morgan_fingerprints(
        drugs["smiles"].to_list(), params.fingerprint_radius, params.fingerprint_bits
    )
    human = proteins.filter(pl.col("organism").is_in(HUMAN) & (pl.col("uniprot") != ""))
    table = drugs.select("drug_id", "name", pl.col("atc").list.unique().list.sort())
    for columns in (_flags(human), *_accessions(human), _pathways(pathways)):
        table = table.join(columns, on="drug_id", how="left", maintain_order="left")
    sets = ["pk_flags", *ROLE_COLUMNS.values(), "pathways"]
    table = table.with_columns(pl.col(sets).fill_null(pl.lit([], dtype=_TEXTS)))
    table = table.hstack(_texts(drugs, params.moa_max_chars)).with_columns(has_structure=pl.Series(readable))
    return EvidenceTables(
        table.select(*table.columns[:3], *sets, *table.columns[3 + len(sets) :]), fingerprints
    )


def coverage(drugs: pl.DataFrame) -> dict[str, float]:
    """Share of drugs that have each kind of evidence, rounded to 4 decimals."""
    kinds = {
        name: pl.col(name).list.len() > 0
        for name in ("pk_flags", "atc", *ROLE_COLUMNS.values(), "pathways", "moa")
    }
    kinds["half_life"] = pl.col("half_life_hours").is_not_null() | (pl.col("half_life_text") != "")
    kinds["half_life_hours"] = pl.col("half_life_hours").is_not_null()
    kinds["structure"] = pl.col("has_structure")
    shares = drugs.select(**{name: kind.mean().fill_null(0.0).round(4) for name, kind in kinds.items()})
    return dict(shares.row(0, named=True))


def _flags(human: pl.DataFrame) -> pl.DataFrame:
    linked = human.filter(pl.col("uniprot").is_in(list(PROTEINS)))
    rows = linked.group_by("drug_id").agg(pl.col("uniprot"), pl.col("actions")).rows()
    return pl.DataFrame(
        [(drug_id, list(pk_flags(zip(ids, actions, strict=True)))) for drug_id, ids, actions in rows],
        schema={"drug_id": pl.String, "pk_flags": _TEXTS},
        orient="row",
    )


def _accessions(human: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for role, column in ROLE_COLUMNS.items():
        own = human.filter(pl.col("role") == role)
        yield own.group_by("drug_id").agg(pl.col("uniprot").unique().sort().alias(column))


def _pathways(pathways: pl.DataFrame) -> pl.DataFrame:
    return pathways.group_by("drug_id").agg(pl.col("pathway_id").unique().sort().alias("pathways"))


def _texts(drugs: pl.DataFrame, moa_max_chars: int) -> pl.DataFrame:
    """Half-life and mechanism of action, with the other drugs that each text names."""
    index = NameIndex.build(_names(drugs))
    rows = []
    for drug_id, moa, told in drugs.select("drug_id", "moa", "half_life").iter_rows():
        kept = excerpt(moa, moa_max_chars)
        half_life = " ".join(excerpt(told, MAX_HALF_LIFE_CHARS))
        rows.append(
            {
                "half_life_hours": parse_half_life(told),
                "half_life_text": half_life,
                "half_life_names": _others(index, half_life, drug_id),
                "moa": kept,
                "moa_names": [_others(index, sentence, drug_id) for sentence in kept],
            }
        )
    return pl.DataFrame(rows, schema=_TEXT_COLUMNS)


def _names(drugs: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for drug_id, name, aliases in drugs.select("drug_id", "name", "aliases").iter_rows():
        yield drug_id, name
        yield from ((drug_id, alias) for alias in aliases)


def _others(index: NameIndex, text: str, drug_id: str) -> list[str]:
    return [named for named in index.named_in(text) if named != drug_id]
