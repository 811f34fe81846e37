"""The interactions of a release: millions of rows, so they are made a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from mard.ingest.portion import unpacked
from mard.schema import DRUG_ID

INTERACTION_COLUMNS: Final = dict.fromkeys(
    ("pair_id", "drug_a", "drug_b", "listed_by", "description"), pl.String
)
REJECTED_COLUMNS: Final = dict.fromkeys(("listed_by", "other", "description", "reason"), pl.String)
BATCH_ROWS: Final = 100_000

Part = tuple[pl.DataFrame, bytes]


class Interactions:
    """One row per usable listing, in the order of the release: a pair that both drugs list has two.

    Args:
        parts: Portion by portion, listed_by and partner (null where the listing is not usable), and the
            packed sentences of the same listings.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self.height = sum(len(listings) - listings["partner"].null_count() for listings, _ in parts)

    def batches(self) -> Iterator[pl.DataFrame]:
        """pair_id, drug_a, drug_b, listed_by, description: 100,000 rows a batch, the last one shorter."""
        rest = pl.DataFrame(schema=INTERACTION_COLUMNS)
        for listings, sentences in self._parts:
            usable = listings.with_columns(unpacked(sentences)).drop_nulls("partner")
            rest = pl.concat([rest, usable.select(*_pair_columns(), "listed_by", "description")])
            while rest.height >= BATCH_ROWS:
                yield rest.head(BATCH_ROWS)
                rest = rest.slice(BATCH_ROWS)
        if rest.height or not self.height:
            yield rest

    def frame(self) -> pl.DataFrame:
        """All rows at once."""
        return pl.concat(self.batches())

    def count_pairs(self) -> int:
        """Distinct unordered pairs."""
        ids = pl.col("listed_by"), pl.col("partner")
        ends = [
            listings.drop_nulls().select(a=pl.min_horizontal(ids), b=pl.max_horizontal(ids))
            for listings, _ in self._parts
        ]
        return pl.concat(ends).n_unique() if ends else 0


def resolve(parts: Sequence[Part], drugs: pl.DataFrame) -> tuple[Interactions, pl.DataFrame]:
    """Find the partner of each listing; those that make no pair come back with the reason.

    A partner that is named by a retired id is the drug that now holds it.

    Args:
        parts: Portion by portion, listed_by, other (the partner's id as written), empty (there is no
            sentence) and fault (why the listing drug itself is refused, or null), and the packed sentences.
        drugs: drug_id, secondary_ids.
    """
    ids = {drug_id: drug_id for drug_id in drugs["drug_id"]} | retired_ids(drugs)
    partner = pl.col("other").replace_strict(ids, default=None, return_dtype=pl.String).alias("partner")
    resolved = pl.concat([listings for listings, _ in parts]).with_columns(partner).with_columns(_reason())
    usable = pl.when(pl.col("reason").is_null()).then("partner").alias("partner")
    kept, refused = [], [pl.DataFrame(schema=REJECTED_COLUMNS)]
    start = 0
    for listings, sentences in parts:
        portion = resolved.slice(start, len(listings))
        start += len(listings)
        kept.append((portion.select("listed_by", usable), sentences))
        if portion["reason"].null_count() < len(portion):
            told = portion.with_columns(unpacked(sentences)).drop_nulls("reason")
            refused.append(told.select(REJECTED_COLUMNS.keys()))
    return Interactions(kept), pl.concat(refused)


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
        .when(pl.col("partner") == pl.col("listed_by"))
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
