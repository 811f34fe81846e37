"""The evidence table in memory, read one drug at a time as a partner may see it.

Free text that names the partner could tell the answer, so it is left out pair by pair. The table
holds, for each sentence, the drugs that it names (:mod:`mard.evidence.excerpts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from mard.schema import DrugEvidence


@dataclass(frozen=True, slots=True)
class _Record:
    evidence: DrugEvidence
    half_life_names: frozenset[str]
    sentences: tuple[tuple[str, frozenset[str]], ...]


class EvidenceStore:
    """Evidence by drug id; a drug that the release does not describe has none."""

    def __init__(self, records: Mapping[str, _Record]) -> None:
        self._records = records

    @classmethod
    def open(cls, evidence: Path) -> Self:
        """Read ``drugs.parquet`` of the evidence stage's folder."""
        return cls.from_rows(pq.read_table(evidence / "drugs.parquet").to_pylist())

    @classmethod
    def from_rows(cls, rows: list[dict[str, Any]]) -> Self:
        """Build from the rows of the evidence table."""
        return cls({row["drug_id"]: _record(row) for row in rows})

    def __contains__(self, drug_id: str) -> bool:
        return drug_id in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def evidence(self, drug_id: str, partner: str) -> DrugEvidence:
        """What may be cited about ``drug_id`` when it is paired with ``partner``."""
        record = self._records.get(drug_id)
        if record is None:
            return DrugEvidence(drug_id, drug_id)
        moa = " ".join(sentence for sentence, named in record.sentences if partner not in named)
        told = "" if partner in record.half_life_names else record.evidence.half_life_text
        return replace(record.evidence, moa=moa, half_life_text=told)


def _record(row: dict[str, Any]) -> _Record:
    evidence = DrugEvidence(
        drug_id=row["drug_id"],
        name=row["name"],
        pk_flags=tuple(row["pk_flags"]),
        atc=tuple(row["atc"]),
        targets=tuple(row["targets"]),
        enzymes=tuple(row["enzymes"]),
        transporters=tuple(row["transporters"]),
        carriers=tuple(row["carriers"]),
        pathways=tuple(row["pathways"]),
        half_life_hours=row["half_life_hours"],
        half_life_text=row["half_life_text"],
    )
    named = [frozenset(ids) for ids in row["moa_names"]]
    return _Record(evidence, frozenset(row["half_life_names"]), tuple(zip(row["moa"], named, strict=True)))
