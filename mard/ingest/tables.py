"""Portions of a release to tables: batched, so that text lives in columns and not in objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
import pyarrow as pa

from mard.ingest.extract import DrugRecord
from mard.ingest.interactions import REJECTED_COLUMNS, Interactions, Listed, resolve
from mard.ingest.portion import Portion
from mard.schema import DRUG_ID

_BATCH_ROWS: Final = 10_000
_TEXTS: Final = pl.List(pl.String)

DRUG_COLUMNS: Final = {
    "drug_id": pl.String,
    "name": pl.String,
    "type": pl.String,
    "groups": _TEXTS,
    "secondary_ids": _TEXTS,
    "aliases": _TEXTS,
    "smiles": pl.String,
    "inchikey": pl.String,
    "atc": _TEXTS,
    "moa": pl.String,
    "half_life": pl.String,
}
PROTEIN_COLUMNS: Final = {
    "drug_id": pl.String,
    "role": pl.String,
    "uniprot": pl.String,
    "gene": pl.String,
    "organism": pl.String,
    "actions": _TEXTS,
}
PATHWAY_COLUMNS: Final = {"drug_id": pl.String, "pathway_id": pl.String, "source": pl.String}


@dataclass
class Batches:
    """A growing table: values gather in one list a column and become a frame every ten thousand rows."""

    schema: dict[str, Any]
    columns: list[list[Any]] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = [[] for _ in self.schema]

    def extend(self, *columns: Iterable[Any]) -> None:
        """Append rows given as parallel columns, in the order of the schema."""
        for gathered, values in zip(self.columns, columns, strict=True):
            gathered.extend(values)
        if len(self.columns[0]) >= _BATCH_ROWS:
            self._flush()

    def _flush(self) -> None:
        kinds = pl.DataFrame(schema=self.schema).to_arrow().schema
        values = dict(zip(self.schema, self.columns, strict=True))
        self.frames.append(pl.DataFrame(pa.Table.from_pydict(values, kinds)))  # far quicker with lists
        self.columns = [[] for _ in self.schema]

    def frame(self) -> pl.DataFrame:
        """All rows so far."""
        self._flush()
        return pl.concat(self.frames)


class TableBuilder:
    """Takes in all portions of a release; then :meth:`drugs` and the other tables are ready to write."""

    def __init__(self, portions: Iterable[Portion]) -> None:
        self._drugs = Batches(DRUG_COLUMNS)
        self._proteins = Batches(PROTEIN_COLUMNS)
        self._pathways = Batches(PATHWAY_COLUMNS)
        self._refused = Batches(REJECTED_COLUMNS)
        self._listed: list[Listed] = []
        self._seen: set[str] = set()
        for portion in portions:
            self._add(portion)

    def _add(self, portion: Portion) -> None:
        """Take the drugs that come next; one without a DrugBank id, or seen before, is refused."""
        faults = [self._add_drug(record) for record in portion.records]
        self._listed.append(Listed([record.drug_id for record in portion.records], faults, portion.listings))

    def _add_drug(self, record: DrugRecord) -> str | None:
        """Why the drug and its listings are refused, or None."""
        drug_id = record.drug_id
        if not DRUG_ID.fullmatch(drug_id) or drug_id in self._seen:
            fault = "duplicate_drug" if drug_id in self._seen else "malformed_id"
            self._refused.extend([drug_id], [""], [record.name], [fault])
            return fault
        self._seen.add(drug_id)
        self._drugs.extend(*([getattr(record, column)] for column in DRUG_COLUMNS))
        self._proteins.extend([drug_id] * len(record.proteins), *_transposed(record.proteins, 5))
        self._pathways.extend([drug_id] * len(record.smpdb), record.smpdb, ["smpdb"] * len(record.smpdb))
        return None

    def drugs(self) -> pl.DataFrame:
        """Sorted by drug_id."""
        return self._drugs.frame().sort("drug_id")

    def proteins(self) -> pl.DataFrame:
        """Sorted by drug_id, role, uniprot."""
        return self._proteins.frame().sort("drug_id", "role", "uniprot", maintain_order=True)

    def pathways(self) -> pl.DataFrame:
        """Sorted by drug_id, pathway_id."""
        return self._pathways.frame().sort("drug_id", "pathway_id")

    def interactions(self, drugs: pl.DataFrame) -> tuple[Interactions, pl.DataFrame]:
        """Every usable listing as a canonical pair, and every other one with its reason.

        A listing that names a drug by a retired id is taken for the drug that now holds it.
        """
        interactions, refused = resolve(self._listed, drugs)
        rejected = pl.concat([self._refused.frame(), refused])
        return interactions, rejected.sort("listed_by", "other", "description", "reason")


def _transposed(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * width
