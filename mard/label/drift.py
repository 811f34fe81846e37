"""How the vocabulary would change if a release could change it: reported, never absorbed."""

from __future__ import annotations

from typing import Any

import polars as pl

from mard.label.taxonomy import Taxonomy, misc, vocabulary
from mard.schema import Family


def taxonomy_drift(labels: pl.DataFrame, taxonomy: Taxonomy) -> dict[str, list[dict[str, Any]]]:
    """Raw subtypes that the vocabulary does not list, and what the rule would make of this release.

    Args:
        labels: family and raw_subtype of each pair.
        taxonomy: The fixed vocabulary.

    Returns:
        ``unlisted``: each raw subtype outside the vocabulary with its pairs, most frequent first.
        ``would_enter`` and ``would_leave``: subtypes that the rule of
        :func:`mard.label.taxonomy.vocabulary`, applied to this release, adds or drops. A small
        release drops many; that says nothing about the vocabulary.
    """
    counts = labels.group_by("family", "raw_subtype").len("pairs").rows()
    pairs = {(Family(family), raw): count for family, raw, count in counts}
    fixed, own = taxonomy.subtypes_by_family, vocabulary(pairs)
    catch_all = {(family, misc(family)) for family in Family}
    unlisted = {subtype for subtype in pairs if subtype not in fixed}

    def listed(subtypes: frozenset[tuple[Family, str]] | set[tuple[Family, str]]) -> list[dict[str, Any]]:
        rows = [
            {"family": str(family), "raw_subtype": raw, "pairs": pairs.get((family, raw), 0)}
            for family, raw in subtypes - catch_all
        ]
        return sorted(rows, key=lambda row: (-row["pairs"], row["family"], row["raw_subtype"]))

    return {
        "unlisted": listed(unlisted),
        "would_enter": listed(own - fixed),
        "would_leave": listed(fixed - own),
    }
