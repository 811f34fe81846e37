"""What changed, in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from mard.drift.compare import Drift
from mard.drift.manifests import TEACHER_SUBSET
from mard.drift.words import AXES, CHANNELS, FAMILIES, REASONS
from mard.label.taxonomy import MIN_PAIRS
from mard.schema import Family

R = TypeVar("R")

_WIDTH: Final = 9


def summary(drift: Drift) -> str:
    """The headline counts and, where labels changed, the matrix by family."""
    lines = [*_releases(drift), ""]
    if drift.empty:
        return "\n".join([*lines, "no differences"])
    lines += [*_drugs(drift), *_pairs(drift), *_labels(drift), *_wording(drift), *_evidence(drift)]
    lines += _manifests(drift)
    if drift.pairs.relabelled.height:
        lines += ["", "old family (rows) to new family (columns), pairs", *_matrix(drift)]
    return "\n".join(lines)


def _releases(drift: Drift) -> Iterator[str]:
    for side, facts in drift.releases.items():
        counts = facts["counts"]
        yield (
            f"{side.upper()}  {facts['file']}  version {facts['version']}, {facts['exported_on']}  "
            f"{counts['drugs']:,} drugs, {counts['pairs']:,} pairs"
        )


def _drugs(drift: Drift) -> Iterator[str]:
    yield _line("drugs", _counts(drift.drugs.counts))


def _pairs(drift: Drift) -> Iterator[str]:
    pairs = drift.pairs
    for name, table, change in (("pairs", pairs.added, "added"), ("", pairs.removed, "removed")):
        why = {REASONS[reason]: count for reason, count in pairs.reasons(table).items() if count}
        yield _line(name, f"{table.height:,} {change}" + (f": {_counts(why)}" if why else ""))


def _labels(drift: Drift) -> Iterator[str]:
    pairs = drift.pairs
    share = pairs.relabelled.height / max(pairs.common, 1)
    changed = f"{pairs.relabelled.height:,} of {pairs.common:,} common pairs changed ({share:.2%})"
    yield _line("labels", changed)
    for axis, count in pairs.axes.items():
        if count:
            yield _line("", f"{count:>7,} {AXES[axis]}")


def _wording(drift: Drift) -> Iterator[str]:
    reworded, renamed = drift.pairs.reworded
    yield _line(
        "wording", f"{reworded:,} common pairs reworded under the same label, {renamed:,} with a renamed drug"
    )
    used = drift.templates.counts
    yield _line("templates", _counts({name: used[name] for name in ("new", "gone", "recounted", "reread")}))
    crossing = drift.subtypes.counts
    yield _line(
        "subtypes",
        f"{crossing['enters']:,} reach {MIN_PAIRS} pairs ({crossing['enters_unlisted']:,} of them not in the "
        f"vocabulary), {crossing['leaves']:,} fall below",
    )
    old, new = (facts["counts"] for facts in drift.releases.values())
    for name in ("unmatched", "conflicts"):
        yield _line(name, f"{old[name]:,} before, {new[name]:,} after")


def _evidence(drift: Drift) -> Iterator[str]:
    changed = [row for row in drift.coverage.over("all") if row.changed or len({*row.shares}) > 1]
    for title, row in _titled("evidence", changed):
        old, new = row.shares
        found = _counts({"gained": row.gained, "lost": row.lost, "altered": row.altered})
        yield _line(title, f"{CHANNELS[row.channel]:<20}{old:>7.1%} to {new:>6.1%} of drugs; {found}")


def _manifests(drift: Drift) -> Iterator[str]:
    """The teacher subset, and the largest manifest of each held-out part."""
    largest = {(row.name, row.part): row for row in sorted(drift.manifests, key=lambda row: row.size)}
    for title, row in _titled("model", sorted(largest.values(), key=lambda row: row.name != TEACHER_SUBSET)):
        of = f"{row.name} {row.part}: of {row.pairs:,} pairs"
        yield _line(title, f"{of} {row.vanished:,} vanish, {row.relabelled:,} change label")


def _matrix(drift: Drift) -> Iterator[str]:
    cells = {(row["old_family"], row["new_family"]): row["pairs"] for row in drift.pairs.matrix.to_dicts()}
    families = [*Family, None]
    heads = [FAMILIES[family] if family else "removed" for family in families]
    yield " " * 10 + "".join(f"{head:>{_WIDTH}}" for head in heads)
    for old in families:
        counts = (f"{cells[old, new]:,}" if (old, new) in cells else "." for new in families)
        yield f"{FAMILIES[old] if old else 'added':<10}" + "".join(f"{count:>{_WIDTH}}" for count in counts)


def _titled(title: str, rows: Sequence[R]) -> Iterator[tuple[str, R]]:
    """Each row with the title, which only the first one shows."""
    return zip([title, *[""] * len(rows)], rows, strict=False)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _line(title: str, text: str) -> str:
    return f"{title:<11}{text}"
