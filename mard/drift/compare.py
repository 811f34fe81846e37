"""All comparisons of two releases together, as one value with one JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from mard.drift.coverage import Coverage, CoverageDrift, compare_coverage
from mard.drift.drugs import DrugDrift, compare_drugs
from mard.drift.manifests import ManifestDrift, compare_manifests
from mard.drift.pairs import PairDrift, compare_pairs
from mard.drift.release import Release
from mard.drift.templates import SubtypeDrift, TemplateDrift, compare_subtypes, compare_templates
from mard.label.taxonomy import Taxonomy

MOST: Final = 50


@dataclass(frozen=True)
class Drift:
    """What changed from OLD to NEW.

    Attributes:
        releases: Of ``old`` and ``new``: which release it is, its vocabulary, and its counts.
        manifests: What becomes of the fixed pairs of OLD, empty where OLD is not split.
    """

    releases: Mapping[str, Mapping[str, Any]]
    drugs: DrugDrift
    pairs: PairDrift
    templates: TemplateDrift
    subtypes: SubtypeDrift
    coverage: CoverageDrift
    manifests: tuple[ManifestDrift, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs but the files themselves."""
        counts = {key: value for key, value in self.templates.counts.items() if key != "kept"}
        return not (
            any(self.drugs.counts.values())
            or self.pairs.old != self.pairs.common
            or self.pairs.new != self.pairs.common
            or self.pairs.relabelled.height
            or self.pairs.reworded[0]
            or self.pairs.raw_subtypes
            or any(counts.values())
            or any(row.changed for row in (*self.coverage.channels, *self.coverage.flags))
            or self.releases["old"]["counts"] != self.releases["new"]["counts"]
        )

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every changed row, by the name of its table."""
        return {
            "drugs": self.drugs.changes,
            "pairs_added": self.pairs.added,
            "pairs_removed": self.pairs.removed,
            "pairs_relabelled": self.pairs.relabelled,
            "templates": self.templates.table,
            "subtypes": self.subtypes.table,
        }

    def to_dict(self) -> dict[str, Any]:
        """Counts and the largest changes as plain values; all rows are in :meth:`tables`."""
        pairs = self.pairs
        return {
            "releases": {side: dict(facts) for side, facts in self.releases.items()},
            "differences": not self.empty,
            "drugs": {"old": self.drugs.old, "new": self.drugs.new, **self.drugs.counts},
            "pairs": {
                "old": pairs.old,
                "new": pairs.new,
                "common": pairs.common,
                "added": pairs.added.height,
                "removed": pairs.removed.height,
                "relabelled": pairs.relabelled.height,
                "added_by_reason": pairs.reasons(pairs.added),
                "removed_by_reason": pairs.reasons(pairs.removed),
                "added_under_another_id": pairs.added["counterpart"].count(),
                "removed_under_another_id": pairs.removed["counterpart"].count(),
                "relabelled_by_axis": pairs.axes,
                "reworded": pairs.reworded[0],
                "reworded_with_renamed_drug": pairs.reworded[1],
                "other_raw_subtype": pairs.raw_subtypes,
                "families": pairs.matrix.to_dicts(),
                "subtype_moves": pairs.moves.head(MOST).to_dicts(),
            },
            "templates": {**self.templates.counts, "most_changed": _moved(self.templates.table, "rows")},
            "subtypes": {**self.subtypes.counts, "crossing": self.subtypes.crossing.to_dicts()},
            "coverage": [_coverage(row) for row in self.coverage.channels],
            "pk_flags": [_coverage(row) for row in self.coverage.flags],
            "manifests": [{**asdict(row), "kept": row.kept} for row in self.manifests],
        }


def compare(
    old: Release, new: Release, taxonomy: Taxonomy, splits: tuple[pl.DataFrame, pl.DataFrame] | None = None
) -> Drift:
    """Compare two releases.

    Args:
        old: The earlier release.
        new: The later one.
        taxonomy: The fixed vocabulary.
        splits: Tables ``split/teacher_subset`` and ``split/eval`` of OLD, where it was split.
    """
    drugs = compare_drugs(old.drugs, new.drugs)
    pairs = compare_pairs(old, new, drugs)
    return Drift(
        releases={"old": _facts(old), "new": _facts(new)},
        drugs=drugs,
        pairs=pairs,
        templates=compare_templates(old.templates, new.templates),
        subtypes=compare_subtypes(old.labels, new.labels, taxonomy),
        coverage=compare_coverage(old, new),
        manifests=compare_manifests(*splits, pairs) if splits else (),
    )


def _facts(release: Release) -> dict[str, Any]:
    reasons = release.unmatched["reason"].value_counts().sort("reason")
    return {
        **asdict(release.info),
        "taxonomy_version": release.taxonomy_version,
        "counts": {
            "drugs": release.drugs.height,
            "interacting_drugs": release.interacting.len(),
            "pairs": release.labels.height,
            "templates": release.templates.height,
            "unmatched": release.unmatched.height,
            "conflicts": release.conflicts["pair_id"].n_unique(),
            **{f"unmatched_{reason}": count for reason, count in reasons.iter_rows()},
        },
    }


def _moved(table: pl.DataFrame, unit: str) -> list[dict[str, Any]]:
    changed = table.filter((pl.col(f"old_{unit}") != pl.col(f"new_{unit}")) | pl.col("reread"))
    return changed.head(MOST).to_dicts()


def _coverage(row: Coverage) -> dict[str, Any]:
    old, new = row.shares
    return {**asdict(row), "old_share": round(old, 6), "new_share": round(new, 6)}
