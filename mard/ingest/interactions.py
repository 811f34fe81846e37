"""The interactions of a release: millions of rows, so they are made a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from mard.ingest.portion import PackedListings, unpacked
from mard.schema import DRUG_ID

INTERACTION_COLUMNS: Final = dict.fromkeys(
    ("pair_id", "drug_a", "drug_b", "listed_by", "description"), pl.String
)
REJECTED_COLUMNS: Final = dict.fromkeys(("listed_by", "other", "description", "reason"), pl.String)
BATCH_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A portion's listings, the ids of its drugs, and for each drug why it is refused, or None."""

    drug_ids: list[str]
    faults: list[str | None]
    listings: PackedListings


class Interactions:
    """One row per usable listing, in the order of the release: a pair that both drugs list has two.

    Args:
        drug_ids: Id of each drug.
        parts: Portion by portion, rows of ``drug_ids`` as listed_by and partner (null where the listing is
            not usable), and the packed sentences of the same listings.
    """

    def __init__(self, drug_ids: pl.Series, parts: Sequence[tuple[pl.DataFrame, bytes]]) -> None:
        self._ids = drug_ids
        self._parts = parts
        self.height = sum(len(listings) - listings["partner"].null_count() for listings, _ in parts)

    def batches(self) -> Iterator[pl.DataFrame]:
        """pair_id, drug_a, drug_b, listed_by, description: 100,000 rows a batch, the last one shorter."""
        rest = pl.DataFrame(schema=INTERACTION_COLUMNS)
        for listings, sentences in self._parts:
            rest = pl.concat([rest, self._rows(listings.with_columns(unpacked(sentences)))])
            while rest.height >= BATCH_ROWS:
                yield rest.head(BATCH_ROWS)
                rest = rest.slice(BATCH_ROWS)
        if rest.height or not self.height:
            yield rest

    def _rows(self, listings: pl.DataFrame) -> pl.DataFrame:
        usable = listings.drop_nulls("partner")
        listed_by, partner = (self._ids.gather(usable[column]) for column in ("listed_by", "partner"))
        named = usable.with_columns(listed_by.alias("listed_by"), partner.alias("partner"))
        return named.select(*_pair_columns(), "listed_by", "description")

    def frame(self) -> pl.DataFrame:
        """All rows at once."""
        return pl.concat(self.batches())

    def count_pairs(self) -> int:
        """Distinct unordered pairs."""
        ids = pl.col("listed_by").cast(pl.UInt64), pl.col("partner").cast(pl.UInt64)
        pair = pl.min_horizontal(ids) * len(self._ids) + pl.max_horizontal(ids)
        pairs = [part.drop_nulls().select(pair.alias("pair")) for part, _ in self._parts]
        return pl.concat(pairs).n_unique() if pairs else 0


def resolve(parts: Sequence[Listed], drugs: pl.DataFrame) -> tuple[Interactions, pl.DataFrame]:
    """Find the partner of each listing; those that make no pair come back with the reason.

    A partner that is named by a retired id is the drug that now holds it.

    Args:
        parts: The portions of a release.
        drugs: drug_id, secondary_ids.
    """
    rows = drugs.select("drug_id", pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    retired = pl.DataFrame(
        list(retired_ids(drugs).items()), schema={"id": pl.String, "drug_id": pl.String}, orient="row"
    )
    former = retired.join(rows, on="drug_id").select(other="id", partner="row")
    partners = pl.concat([rows.select(other="drug_id", partner="row"), former])
    kept, refused = [], [pl.DataFrame(schema=REJECTED_COLUMNS)]
    for part in parts:
        sentences = part.listings.sentences
        listings = _resolved(part, rows, partners)
        usable = pl.when(pl.col("reason").is_null()).then("partner").alias("partner")
        kept.append((listings.select(usable, listed_by="row"), sentences))
        if listings["reason"].null_count() < len(listings):
            told = listings.with_columns(unpacked(sentences)).drop_nulls("reason")
            refused.append(told.select(REJECTED_COLUMNS.keys()))
    return Interactions(drugs["drug_id"], kept), pl.concat(refused)


def _resolved(part: Listed, rows: pl.DataFrame, partners: pl.DataFrame) -> pl.DataFrame:
    """listed_by and its row, other, partner (a row) and reason of each listing."""
    drugs = pl.DataFrame(
        {"drug_id": part.drug_ids, "fault": part.faults}, schema={"drug_id": pl.String, "fault": pl.String}
    ).join(rows, on="drug_id", how="left", maintain_order="left")
    owners = np.repeat(np.arange(len(drugs)), part.listings.counts)
    return (
        drugs[owners]
        .rename({"drug_id": "listed_by"})
        .with_columns(part.listings.partners.alias("other"), part.listings.empty.alias("empty"))
        .join(partners, on="other", how="left", maintain_order="left")
        .with_columns(_reason())
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


def _reason() -> pl.Expr:
    malformed = ~pl.col("other").str.contains(f"^{DRUG_ID.pattern}$")
    refused = (
        pl.when(pl.col("partner").is_null() & malformed)
        .then(pl.lit("malformed_id"))
        .when(pl.col("partner").is_null())
        .then(pl.lit("unknown_drug"))
        .when(pl.col("partner") == pl.col("row"))
        .then(pl.lit("self_pair"))
        .when("empty")
        .then(pl.lit("no_description"))
    )
    return pl.coalesce("fault", refused).alias("reason")


def _pair_columns() -> list[pl.Expr]:
    first = pl.col("listed_by") < pl.col("partner")
    drug_a = pl.when(first).then("listed_by").otherwise("partner")
    drug_b = pl.when(first).then("partner").otherwise("listed_by")
    return [
        pl.concat_str(drug_a, drug_b, separator="|").alias("pair_id"),
        drug_a.alias("drug_a"),
        drug_b.alias("drug_b"),
    ]
