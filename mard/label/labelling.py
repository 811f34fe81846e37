"""Whole tables of interactions to labels: distinct templates are classified, not rows.

**Conflicts.** A pair whose sentences give different labels keeps one: the family that comes first
in :data:`FAMILY_PRECEDENCE`; within a family a listed subtype before ``misc_``, then the subtype
that is rarer in the reference release, since it says more ("bleeding" before "adverse effects");
then by name of subtype, direction a_to_b, b_to_a, bidirectional, and polarity up, down. The order of the
PK families is ours: what happens to a drug (metabolism, excretion, absorption) before what is seen
of it in serum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from mard.label.reading import UNREAD, Array, LabelRow, SentenceReader
from mard.label.taxonomy import Taxonomy
from mard.schema import LABEL, Direction, Family, Polarity

FAMILY_PRECEDENCE: Final = (
    Family.PK_METABOLISM,
    Family.PK_EXCRETION,
    Family.PK_ABSORPTION,
    Family.PK_DISTRIBUTION,
    Family.PD_ACTIVITY,
    Family.EFFICACY,
    Family.ADVERSE_RISK,
)
BATCH_ROWS: Final = 1 << 17

_PAIR: Final = ("pair_id", "drug_a", "drug_b")
_SAID: Final = (*LABEL, "raw_subtype")
_LISTINGS: Final = pl.DataFrame(schema=dict.fromkeys((*_PAIR, "listed_by", "description"), pl.String))


@dataclass(frozen=True, slots=True)
class LabelTables:
    """What labelling makes of a release; columns as in ``tasks/contracts.py``, each sorted.

    Attributes:
        listings: Interactions that were read, matched or not.
        labels: One row a pair.
        templates: Each distinct template with its label and the listings that use it.
        unmatched: Listings without a label, with the reason: names_not_found, ambiguous_names, no_template.
        conflicts: For each pair with several labels, the kept one beside each other one.
    """

    listings: int
    labels: pl.DataFrame
    templates: pl.DataFrame
    unmatched: pl.DataFrame
    conflicts: pl.DataFrame


def label_interactions(
    interactions: pl.DataFrame | Iterable[pl.DataFrame], drugs: pl.DataFrame, taxonomy: Taxonomy
) -> LabelTables:
    """Label every pair of a release; the order of its interactions does not matter.

    Args:
        interactions: pair_id, drug_a, drug_b, listed_by, description, as a table or in batches. Only one
            batch is held at a time.
        drugs: drug_id, name, aliases.
        taxonomy: The vocabulary that raw subtypes collapse into.
    """
    reader = SentenceReader(drugs, taxonomy)
    batches = interactions.iter_slices(BATCH_ROWS) if isinstance(interactions, pl.DataFrame) else interactions
    parts = [reader.read(batch) for batch in chain([_LISTINGS], batches)]
    a, b, codes = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:3])
    read = codes != UNREAD
    rows = reader.book.rows
    said, table = _said(rows, taxonomy)
    pairs = a.astype(np.int64) * len(reader.drug_ids) + b
    labels, conflicts = _resolved(pairs[read], said[codes[read]], table, reader.drug_ids)
    return LabelTables(
        listings=len(codes),
        labels=labels,
        templates=_templates(np.bincount(codes[read], minlength=len(rows)), rows),
        unmatched=pl.concat([part.unmatched for part in parts]).sort(pl.all()),
        conflicts=conflicts,
    )


def _said(rows: Sequence[LabelRow], taxonomy: Taxonomy) -> tuple[Array, pl.DataFrame]:
    """What label rows say of a pair: a row each in a table, where what is to be kept stands first."""
    families = {str(family): rank for rank, family in enumerate(FAMILY_PRECEDENCE)}
    reference = {entry.subtype: entry.pairs for entry in taxonomy.entries}
    directions, polarities = ([str(value) for value in kind] for kind in (Direction, Polarity))

    def precedence(saying: tuple[str, ...]) -> tuple[object, ...]:
        family, subtype, direction, polarity, raw = saying
        misc = subtype.startswith("misc_")
        ranks = directions.index(direction), polarities.index(polarity)
        return families[family], misc, reference.get(subtype, 0), subtype, *ranks, raw

    said = [(row.family, row.subtype, row.direction, row.polarity, row.raw_subtype) for row in rows]
    ordered = sorted(set(said), key=precedence)
    places = {saying: place for place, saying in enumerate(ordered)}
    table = pl.DataFrame(ordered, schema=dict.fromkeys((*LABEL, "raw_subtype"), pl.String), orient="row")
    return np.array([places[saying] for saying in said], dtype=np.int64), table


def _resolved(
    pairs: Array, said: Array, table: pl.DataFrame, drug_ids: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The labels and the conflicts.

    A pair and what is said of it make one whole number, so the least number of a pair is what to keep.

    Args:
        pairs: Number of drug A times the number of drugs, plus that of drug B ``[n]``.
        said: Row of ``table``, of which a lesser one is kept before a greater one ``[n]``.
        table: The label columns and raw_subtype; rows that share a label are neighbours.
        drug_ids: The id of each drug number.
    """
    kinds = max(table.height, 1)
    numbers = np.sort(pairs * kinds + said)
    pair, row = np.divmod(numbers[_changes(numbers)], kinds)
    first = _changes(pair)
    kept = row[first][np.cumsum(first) - 1]
    label = table.select(pl.struct(LABEL).rle_id()).to_series().to_numpy()
    other = ~first & _changes(label[row])

    labels = _named(pair[first], drug_ids).hstack(table[row[first]]).sort("pair_id")
    conflicts = [
        _named(pair[other], drug_ids).select("pair_id"),
        table[kept[other]].select(pl.col(LABEL).name.prefix("kept_")),
        table[row[other]].select(pl.col(LABEL).name.prefix("other_")),
    ]
    return labels, pl.concat(conflicts, how="horizontal").sort(pl.all())


def _changes(values: Array) -> Array:
    """Where a value differs from the one before it; the first does."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _named(pairs: Array, drug_ids: pl.Series) -> pl.DataFrame:
    a, b = np.divmod(pairs, max(len(drug_ids), 1))
    drugs = pl.DataFrame({"drug_a": drug_ids.gather(a), "drug_b": drug_ids.gather(b)})
    return drugs.select(pl.concat_str("drug_a", "drug_b", separator="|").alias("pair_id"), pl.all())


def _templates(counts: Array, rows: Sequence[LabelRow]) -> pl.DataFrame:
    """Each template once, though with either drug first it is two label rows."""
    columns = ("template", "family", "raw_subtype", "direction", "polarity")
    texts = [(row.template, row.family, row.raw_subtype, row.order, row.polarity) for row in rows]
    return (
        pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
        .with_columns(pl.Series("rows", counts, pl.Int64))
        .group_by(columns)
        .agg(pl.col("rows").sum())
        .sort(["rows", "template"], descending=[True, False])
    )
