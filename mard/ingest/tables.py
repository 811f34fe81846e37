"""Drug records to tables: batched while streaming, so that text lives in columns and not in objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from mard.ingest.extract import DrugRecord
from mard.schema import DRUG_ID

_BATCH_ROWS: Final = 100_000
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
LISTING_COLUMNS: Final = {"listed_by": pl.String, "other": pl.String, "description": pl.String}
REJECTED_COLUMNS: Final = {**LISTING_COLUMNS, "reason": pl.String}


@dataclass
class Batches:
    """A growing table: values gather in one list a column and become a frame every hundred thousand rows."""

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
        values = dict(zip(self.schema, self.columns, strict=True))
        self.frames.append(pl.DataFrame(values, schema=self.schema))
        self.columns = [[] for _ in self.schema]

    def frame(self) -> pl.DataFrame:
        """All rows so far."""
        self._flush()
        return pl.concat(self.frames)


class TableBuilder:
    """Gathers records; :meth:`drugs` and the other tables are sorted and ready to write."""

    def __init__(self) -> None:
        self._drugs = Batches(DRUG_COLUMNS)
        self._proteins = Batches(PROTEIN_COLUMNS)
        self._pathways = Batches(PATHWAY_COLUMNS)
        self._listings = Batches(LISTING_COLUMNS)
        self._refused = Batches(REJECTED_COLUMNS)
        self._seen: set[str] = set()

    def add(self, record: DrugRecord) -> None:
        """Take one drug; one without a DrugBank id, or seen before, is refused with its listings."""
        drug_id, listed = record.drug_id, len(record.partners)
        if not DRUG_ID.fullmatch(drug_id) or drug_id in self._seen:
            fault = "duplicate_drug" if drug_id in self._seen else "malformed_id"
            rows = listed + 1
            others, texts = ("", *record.partners), (record.name, *record.descriptions)
            self._refused.extend([drug_id] * rows, others, texts, [fault] * rows)
            return
        self._seen.add(drug_id)
        self._drugs.extend(*([getattr(record, column)] for column in DRUG_COLUMNS))
        self._proteins.extend([drug_id] * len(record.proteins), *_transposed(record.proteins, 5))
        self._pathways.extend([drug_id] * len(record.smpdb), record.smpdb, ["smpdb"] * len(record.smpdb))
        self._listings.extend([drug_id] * listed, record.partners, record.descriptions)

    def drugs(self) -> pl.DataFrame:
        """Sorted by drug_id."""
        return self._drugs.frame().sort("drug_id")

    def proteins(self) -> pl.DataFrame:
        """Sorted by drug_id, role, uniprot."""
        return self._proteins.frame().sort("drug_id", "role", "uniprot", maintain_order=True)

    def pathways(self) -> pl.DataFrame:
        """Sorted by drug_id, pathway_id."""
        return self._pathways.frame().sort("drug_id", "pathway_id")

    def interactions(self, drugs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Every usable listing as a canonical pair, and every other one with its reason.

        A listing that names a drug by a retired id is taken for the drug that now holds it.
        """
        listings = _resolve(self._listings.frame(), drugs)
        reason = _reason()
        usable = listings.filter(reason.is_null()).with_columns(_pair_columns())
        refused = listings.filter(reason.is_not_null()).with_columns(reason.alias("reason"))
        return (
            usable.select("pair_id", "drug_a", "drug_b", "listed_by", "description").sort(
                "pair_id", "listed_by", "description"
            ),
            pl.concat([refused.select(REJECTED_COLUMNS.keys()), self._refused.frame()]).sort(
                "listed_by", "other", "description", "reason"
            ),
        )


def retired_ids(drugs: pl.DataFrame) -> dict[str, str]:
    """Former DrugBank id to the one drug that holds it now; ids that two drugs claim are left out."""
    current = set(drugs["drug_id"])
    holders = [
        (former, drug_id)
        for drug_id, others in drugs.select("drug_id", "secondary_ids").iter_rows()
        for former in others
        if DRUG_ID.fullmatch(former) and former not in current
    ]
    claims = Counter(former for former, _ in holders)
    return {former: drug_id for former, drug_id in holders if claims[former] == 1}


def _transposed(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _resolve(listings: pl.DataFrame, drugs: pl.DataFrame) -> pl.DataFrame:
    retired = retired_ids(drugs)
    current = {drug_id: drug_id for drug_id in drugs["drug_id"]}
    messy = pl.col("description").str.contains_any(["\n", "\r", "\t", "  ", "\u00a0"])
    squeezed = pl.col("description").str.replace_all(r"\s+", " ")
    return listings.with_columns(
        pl.col("other").str.strip_chars(),
        pl.when(messy).then(squeezed).otherwise("description").str.strip_chars().alias("description"),
    ).with_columns(
        pl.col("other")
        .replace_strict(current | retired, default=None, return_dtype=pl.String)
        .alias("partner")
    )


def _reason() -> pl.Expr:
    malformed = ~pl.col("other").str.contains(f"^{DRUG_ID.pattern}$")
    return (
        pl.when(pl.col("partner").is_null() & malformed)
        .then(pl.lit("malformed_id"))
        .when(pl.col("partner").is_null())
        .then(pl.lit("unknown_drug"))
        .when(pl.col("partner") == pl.col("listed_by"))
        .then(pl.lit("self_pair"))
        .when(pl.col("description") == "")
        .then(pl.lit("no_description"))
    )


def _pair_columns() -> list[pl.Expr]:
    first = pl.col("listed_by") < pl.col("partner")
    drug_a = pl.when(first).then("listed_by").otherwise("partner")
    drug_b = pl.when(first).then("partner").otherwise("listed_by")
    return [
        drug_a.alias("drug_a"),
        drug_b.alias("drug_b"),
        pl.concat_str(drug_a, drug_b, separator="|").alias("pair_id"),
    ]
