"""Whole tables of interactions to labels: distinct templates are classified, not rows.

**Conflicts.** A pair whose sentences give different labels keeps one: the family that comes first
in :data:`FAMILY_PRECEDENCE`; within a family a listed subtype before ``misc_``, then the subtype
that is rarer in the reference release, since it says more ("bleeding" before "adverse effects");
then by name of subtype, direction a_to_b, b_to_a, bidirectional, and polarity up, down. The order of the
PK families is ours: what happens to a drug (metabolism, excretion, absorption) before what is seen
of it in serum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from mard.label.aliases import AliasIndex
from mard.label.masking import interpretations, quick_mask, to_template
from mard.label.taxonomy import Taxonomy
from mard.label.templates import classify
from mard.schema import Direction, Family, Polarity

FAMILY_PRECEDENCE: Final = (
    Family.PK_METABOLISM,
    Family.PK_EXCRETION,
    Family.PK_ABSORPTION,
    Family.PK_DISTRIBUTION,
    Family.PD_ACTIVITY,
    Family.EFFICACY,
    Family.ADVERSE_RISK,
)
LABEL: Final = ("family", "subtype", "direction", "polarity")

_PAIR: Final = ("pair_id", "drug_a", "drug_b")
_SENTENCE: Final = ("drug_a", "drug_b", "description")
_TEMPLATE_SCHEMA: Final = {
    "template": pl.String,
    "family": pl.String,
    "raw_subtype": pl.String,
    "subtype": pl.String,
    "order": pl.String,
    "polarity": pl.String,
    "direction": pl.String,
}
_BATCH_ROWS: Final = 250_000


@dataclass(frozen=True, slots=True)
class LabelTables:
    """What labelling makes of a release; columns as in ``tasks/contracts.py``, each sorted.

    Attributes:
        labels: One row a pair.
        templates: Each distinct template with its label and the listings that use it.
        unmatched: Listings without a label, with the reason: names_not_found, ambiguous_names, no_template.
        conflicts: For each pair with several labels, the kept one beside each other one.
    """

    labels: pl.DataFrame
    templates: pl.DataFrame
    unmatched: pl.DataFrame
    conflicts: pl.DataFrame


def label_interactions(interactions: pl.DataFrame, drugs: pl.DataFrame, taxonomy: Taxonomy) -> LabelTables:
    """Label every pair of a release.

    Args:
        interactions: pair_id, drug_a, drug_b, listed_by, description.
        drugs: drug_id, name, aliases, secondary_ids.
        taxonomy: The vocabulary that raw subtypes collapse into.
    """
    sentences = interactions.group_by(*_PAIR, "description").agg(pl.len().cast(pl.Int64).alias("rows"))
    read = _read_all(sentences, drugs, taxonomy)
    matched = read.filter(pl.col("family").is_not_null())
    ranked = _ranked(matched, taxonomy)
    labels = ranked.unique("pair_id", keep="first", maintain_order=True).sort("pair_id")
    return LabelTables(
        labels=labels.select(*_PAIR, *LABEL, "raw_subtype"),
        templates=_templates(matched),
        unmatched=_unmatched(interactions, read.filter(pl.col("family").is_null())),
        conflicts=_conflicts(ranked, labels),
    )


# --- sentences to labels ------------------------------------------------------------------------


def _read_all(sentences: pl.DataFrame, drugs: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Sentences with their template and label, or with a reason where they have none."""
    masked = sentences.with_columns(_quick_masks(sentences, drugs))
    known = _classified(masked["masked"].unique().to_list(), taxonomy)
    quick = masked.join(known, on="masked", how="left", nulls_equal=False).drop("masked")
    done = quick.filter(pl.col("family").is_not_null())
    left = quick.filter(pl.col("family").is_null()).select(sentences.columns)
    slow = _read_slowly(left, AliasIndex.build(drugs), taxonomy)
    return pl.concat(
        [done.with_columns(pl.lit(None, pl.String).alias("reason")), slow.select(*done.columns, "reason")]
    )


def _quick_masks(sentences: pl.DataFrame, drugs: pl.DataFrame) -> pl.Series:
    name = dict(drugs.select("drug_id", "name").iter_rows())
    batches = []
    for batch in sentences.select(_SENTENCE).iter_slices(_BATCH_ROWS):
        columns = (batch[column].to_list() for column in _SENTENCE)
        masks = [quick_mask(text, name[a], name[b]) for a, b, text in zip(*columns, strict=True)]
        batches.append(pl.Series("masked", masks, pl.String))
    return pl.concat(batches) if batches else pl.Series("masked", [], pl.String)


def _classified(masked: list[str], taxonomy: Taxonomy) -> pl.DataFrame:
    """One row for each masked sentence that a rule matches."""
    rows = [(text, *row) for text in masked if (row := _label_row(text, taxonomy)) is not None]
    return pl.DataFrame(rows, schema={"masked": pl.String, **_TEMPLATE_SCHEMA}, orient="row")


def _label_row(masked: str, taxonomy: Taxonomy) -> tuple[str, ...] | None:
    """The values of :data:`_TEMPLATE_SCHEMA`, or None where no rule matches."""
    template, first_is_a = to_template(masked)
    label = classify(template)
    if label is None:
        return None
    return (
        template,
        str(label.family),
        label.raw_subtype,
        taxonomy.collapse(label.family, label.raw_subtype),
        str(label.order),
        str(label.polarity),
        str(label.order.direction(first_is_a=first_is_a)),
    )


def _read_slowly(sentences: pl.DataFrame, index: AliasIndex, taxonomy: Taxonomy) -> pl.DataFrame:
    nothing = (None,) * len(_TEMPLATE_SCHEMA)
    rows: list[tuple[Any, ...]] = []
    for row in sentences.iter_rows(named=True):
        outcome = _read_one(
            row["description"], index.names(row["drug_a"]), index.names(row["drug_b"]), taxonomy
        )
        rows.append((*nothing, outcome) if isinstance(outcome, str) else (*outcome, None))
    schema = {**_TEMPLATE_SCHEMA, "reason": pl.String}
    return sentences.hstack(pl.DataFrame(rows, schema=schema, orient="row"))


def _read_one(
    description: str, names_a: tuple[str, ...], names_b: tuple[str, ...], taxonomy: Taxonomy
) -> tuple[str, ...] | str:
    """The label row of the most literal reading that a rule matches, or why there is none."""
    best: tuple[str, ...] | None = None
    best_rank = 0
    reason = "names_not_found"
    for reading in interpretations(description, names_a, names_b):
        reason = "no_template"
        if best is not None and reading.rank > best_rank:
            break
        row = _label_row(reading.masked, taxonomy)
        if row is None or row == best:
            continue
        if best is not None:
            return "ambiguous_names"
        best, best_rank = row, reading.rank
    return best or reason


# --- labels to tables ---------------------------------------------------------------------------


def _ranked(matched: pl.DataFrame, taxonomy: Taxonomy) -> pl.DataFrame:
    """Every (pair, label) once, the one to keep first; see the conflict rule above."""
    family = {str(family): rank for rank, family in enumerate(FAMILY_PRECEDENCE)}
    reference = {entry.subtype: entry.pairs for entry in taxonomy.entries}
    orders = {str(value): rank for rank, value in enumerate(Direction)}
    polarity = {str(value): rank for rank, value in enumerate(Polarity)}
    precedence = [
        pl.col("family").replace_strict(family, return_dtype=pl.Int64),
        pl.col("subtype").str.starts_with("misc_"),
        pl.col("subtype").replace_strict(reference, default=0, return_dtype=pl.Int64),
        pl.col("subtype"),
        pl.col("direction").replace_strict(orders, return_dtype=pl.Int64),
        pl.col("polarity").replace_strict(polarity, return_dtype=pl.Int64),
        pl.col("raw_subtype"),
    ]
    return matched.sort("pair_id", *precedence).unique(["pair_id", *LABEL], keep="first", maintain_order=True)


def _conflicts(ranked: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    kept = labels.select("pair_id", pl.col(LABEL).name.prefix("kept_"))
    other = ranked.select("pair_id", pl.col(LABEL).name.prefix("other_"))
    return (
        other.filter(~pl.col("pair_id").is_first_distinct())
        .join(kept, on="pair_id", maintain_order="left")
        .select(*kept.columns, *other.columns[1:])
        .sort(pl.all())
    )


def _templates(matched: pl.DataFrame) -> pl.DataFrame:
    return (
        matched.group_by("template", "family", "raw_subtype", "order", "polarity")
        .agg(pl.col("rows").sum())
        .rename({"order": "direction"})
        .sort(["rows", "template"], descending=[True, False])
    )


def _unmatched(interactions: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    return (
        interactions.join(unread.select("pair_id", "description", "reason"), on=["pair_id", "description"])
        .select("pair_id", "listed_by", "description", "reason")
        .sort(pl.all())
    )
