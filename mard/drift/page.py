"""From a comparison to one HTML page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import polars as pl
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from mard.drift import charts
from mard.drift.compare import Drift
from mard.drift.coverage import SCOPES, Coverage, Scope
from mard.drift.drugs import CHANGES
from mard.drift.templates import GONE, KEPT, NEW
from mard.drift.words import AXES, CHANNELS, FAMILIES, REASONS, SCOPE_TITLES, TEMPLATE_TITLES
from mard.drift.words import CHANGES as CHANGE_TITLES
from mard.evidence.pk_flags import PROTEINS, protein_name
from mard.label.taxonomy import MIN_PAIRS
from mard.schema import Family, PkRole

ROWS: Final = 12
LEAST_SCALE: Final = 10  # drugs: a single one must not fill a bar


@dataclass(frozen=True)
class Cell:
    """One cell of the family matrix.

    Attributes:
        kind: ``same``, ``changed``, ``more`` (added) or ``less`` (removed).
        shade: How strongly it is shaded, in [0, 1].
        inside: Pairs of it that changed within the family.
    """

    pairs: int
    kind: str
    shade: float
    inside: int

    @property
    def dark(self) -> bool:
        """Whether white text reads better on it than black."""
        return self.shade > (0.65 if self.kind == "changed" else 0.8)


def render_page(drift: Drift) -> str:
    """The page: headline counts, the matrix by family, drugs, sentences, evidence, a model's fixed pairs."""
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            css=Markup(_packaged("page.css")),  # noqa: S704 (our own file)
            found=drift.to_dict(),
            families=[FAMILIES[family] for family in Family],
            matrix=_matrix(drift),
            axes=AXES,
            reasons=REASONS,
            moves=drift.pairs.moves.head(ROWS).to_dicts(),
            drugs=list(_drugs(drift.drugs.changes)),
            templates=list(_templates(drift.templates.table)),
            subtypes=drift.subtypes.crossing.head(2 * ROWS).to_dicts(),
            least=MIN_PAIRS,
            scopes=[(SCOPE_TITLES[scope], drift.coverage.over(scope)) for scope in SCOPES],
            channels=CHANNELS,
            most=max(LEAST_SCALE, *(max(row.gained, row.lost) for row in drift.coverage.channels)),
            flags=[(SCOPE_TITLES[scope], _flags(drift.coverage.flags, scope)) for scope in SCOPES],
            charts=charts,
        )
    )


def _matrix(drift: Drift) -> list[tuple[str, list[Cell], int]]:
    """A row for each family of OLD and one for what was added: its cells and its sum; then the sums."""
    counts = {(row["old_family"], row["new_family"]): row for row in drift.pairs.matrix.to_dicts()}
    places = [*Family, None]
    most = max((row["pairs"] for (old, new), row in counts.items() if old != new), default=0)
    rows = []
    for old in places:
        cells = [
            _cell(old, new, counts.get((old, new), {"pairs": 0, "relabelled": 0}), most) for new in places
        ]
        name = FAMILIES[old] if old else "added"
        rows.append((name, cells, sum(cell.pairs for cell in cells)))
    return rows


def _cell(old: str | None, new: str | None, row: Mapping[str, int], most: int) -> Cell:
    kind = "more" if old is None else "less" if new is None else "same" if old == new else "changed"
    shade = 0.0 if kind == "same" else charts.shade(row["pairs"], most)
    return Cell(row["pairs"], kind, shade, row["relabelled"] if kind == "same" else 0)


def _drugs(changes: pl.DataFrame) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
    for change in CHANGES:
        found = changes.filter(pl.col("change") == change)
        if found.height:
            yield CHANGE_TITLES[change], found.height, found.head(ROWS).to_dicts()


def _templates(table: pl.DataFrame) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
    recounted = (pl.col("old_rows") != pl.col("new_rows")) | pl.col("reread")
    for change in (NEW, GONE, KEPT):
        found = table.filter((pl.col("change") == change) & recounted)
        if found.height:
            yield TEMPLATE_TITLES[change], found.height, found.head(ROWS).to_dicts()


def _flags(flags: tuple[Coverage, ...], scope: Scope) -> list[tuple[str, list[Coverage]]]:
    """A row a protein, a cell a role."""
    found = {row.channel: row for row in flags if row.scope == scope}
    return [
        (protein_name(protein), [found[f"{protein}_{role}"] for role in PkRole])
        for protein in PROTEINS.values()
    ]


def _environment() -> Environment:
    pages = DictLoader({"page.html.jinja": _packaged("page.html.jinja")})
    environment = Environment(
        loader=pages, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["count"] = "{:,}".format
    environment.filters["signed"] = lambda value: (
        f"{value:+,}".replace("-", "\N{MINUS SIGN}") if value else "0"
    )
    environment.filters["share"] = lambda value: f"{100 * value:.1f} %"
    return environment


def _packaged(name: str) -> str:
    return files("mard.drift").joinpath(name).read_text(encoding="utf-8")
