"""Sentence templates that come and go, and subtypes that cross the fifty-pair rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from mard.label.taxonomy import MIN_PAIRS, Taxonomy
from mard.schema import Family

NEW: Final = "new"
GONE: Final = "gone"
KEPT: Final = "kept"
ENTERS: Final = "enters"
LEAVES: Final = "leaves"

_READING: Final = ("family", "raw_subtype", "direction", "polarity")


@dataclass(frozen=True)
class TemplateDrift:
    """How often each template is used.

    Attributes:
        table: One row a template: template, family, raw_subtype, old_rows, new_rows (listings),
            change (``new``, ``gone``, ``kept``), reread (kept, but under another label); those whose
            use changed most come first.
    """

    table: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Templates by what became of them."""
        found = dict(self.table["change"].value_counts().iter_rows())
        recounted = self.table.filter((pl.col("change") == KEPT) & (pl.col("old_rows") != pl.col("new_rows")))
        return {
            **{change: found.get(change, 0) for change in (NEW, GONE, KEPT)},
            "recounted": recounted.height,
            "reread": int(self.table["reread"].sum()),
        }


@dataclass(frozen=True)
class SubtypeDrift:
    """How often each raw subtype is named.

    Attributes:
        table: One row a raw subtype: family, raw_subtype, old_pairs, new_pairs, listed (in the fixed
            vocabulary), change (``enters`` or ``leaves`` the subtypes that at least fifty pairs
            carry, else null); those that changed most come first.
    """

    table: pl.DataFrame

    @property
    def crossing(self) -> pl.DataFrame:
        """The subtypes that enter or leave."""
        return self.table.filter(pl.col("change").is_not_null())

    @property
    def counts(self) -> dict[str, int]:
        """Subtypes that enter, leave, and enter although the vocabulary does not list them."""
        enters = self.table.filter(pl.col("change") == ENTERS)
        return {
            ENTERS: enters.height,
            LEAVES: self.table.filter(pl.col("change") == LEAVES).height,
            "enters_unlisted": enters.filter(~pl.col("listed")).height,
        }


def compare_templates(old: pl.DataFrame, new: pl.DataFrame) -> TemplateDrift:
    """Compare two tables ``label/templates``."""
    both = old.join(new, on="template", how="full", coalesce=True, suffix="_new")
    gone, come = pl.col("rows_new").is_null(), pl.col("rows").is_null()
    other = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_new") for name in _READING)
    table = both.select(
        "template",
        *(pl.coalesce(f"{name}_new", name).alias(name) for name in ("family", "raw_subtype")),
        old_rows=pl.col("rows").fill_null(0),
        new_rows=pl.col("rows_new").fill_null(0),
        change=pl.when(come).then(pl.lit(NEW)).when(gone).then(pl.lit(GONE)).otherwise(pl.lit(KEPT)),
        reread=other.fill_null(value=False),
    )
    return TemplateDrift(_most_changed_first(table, "old_rows", "new_rows", ["template"]))


def compare_subtypes(old: pl.DataFrame, new: pl.DataFrame, taxonomy: Taxonomy) -> SubtypeDrift:
    """Compare the raw subtypes of two tables ``label/labels`` under the fifty-pair rule (section 2).

    The vocabulary is fixed: nothing enters or leaves it. What crosses the rule is reported, so that
    someone may decide on another vocabulary.
    """
    key = ["family", "raw_subtype"]
    counts = [
        labels.group_by(key).agg(pl.len().cast(pl.Int64).alias(name))
        for labels, name in ((old, "old_pairs"), (new, "new_pairs"))
    ]
    both = counts[0].join(counts[1], on=key, how="full", coalesce=True).fill_null(0)
    listed = [taxonomy.knows(Family(family), raw) for family, raw in both.select(key).iter_rows()]
    before, after = pl.col("old_pairs") >= MIN_PAIRS, pl.col("new_pairs") >= MIN_PAIRS
    table = both.with_columns(
        listed=pl.Series(listed, dtype=pl.Boolean),
        change=pl.when(after & ~before).then(pl.lit(ENTERS)).when(before & ~after).then(pl.lit(LEAVES)),
    )
    return SubtypeDrift(_most_changed_first(table, "old_pairs", "new_pairs", key))


def _most_changed_first(table: pl.DataFrame, old: str, new: str, names: list[str]) -> pl.DataFrame:
    distance = (pl.col(new) - pl.col(old)).abs()
    return table.sort(distance, *names, descending=[True, *[False] * len(names)])
