"""The audit of retrieval as one page that opens offline: a figure and a table for each protocol.

Series differ in mark and dash as well as in colour, so the page reads in grey and on paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

from mard.io import write_text

Rates = Mapping[str, float]

WORDS: Final = {
    "all": "nearest pairs, all channels",
    "in proportion": "in proportion to the vote of all pairs",
    "random": "random pairs",
    "without pathway": "without pathways",
    "without protein": "without proteins",
    "without atc": "without ATC codes",
    "without tanimoto": "without structures",
}
SERIES: Final = {"ours": "all", "poll": "in proportion", "chance": "random"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 240, 44, 34, 12
RADIUS: Final = 4
MARKS: Final = {
    "ours": '<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>',
    "poll": '<path d="M{x:.1f} {top:.1f}l{r} {d}h-{d}z"/>',
    "chance": '<rect x="{left:.1f}" y="{top:.1f}" width="{d}" height="{d}"/>',
}


def write_audit_page(
    path: Path, report: Mapping[str, Mapping[str, Rates]], universes: Mapping[str, int]
) -> None:
    """Write the page.

    Args:
        path: The HTML file.
        report: MOR@k by protocol, variant and k, as in ``audit.json``.
        universes: Training pairs by protocol.
    """
    style = files("mard.retrieve").joinpath("audit.css").read_text("utf-8")
    sections = "".join(_section(name, rates, universes[name]) for name, rates in _in_order(report))
    write_text(
        path,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Audit of retrieval</title><style>{style}</style></head>\n<body><main>"
        "<h1>Audit of retrieval</h1>"
        "<p>MOR@k is the share of held-out test pairs that have a training pair of their own family among "
        "the k most similar ones, or, where a run shows those, among k in proportion to the vote of all "
        "training pairs. Random pairs of the same universe show what the mix of families gives "
        "for free; leaving one channel out of the similarity shows what it adds.</p>"
        f"{sections}</main></body></html>\n",
    )


def _in_order(report: Mapping[str, Mapping[str, Rates]]) -> list[tuple[str, Mapping[str, Rates]]]:
    """The easiest protocol first."""
    return sorted(report.items(), key=lambda item: ("warm", "drug_cold", "pair_cold").index(item[0]))


def _section(name: str, rates: Mapping[str, Rates], pairs: int) -> str:
    return (
        f"<section><h2>{escape(name)}</h2><p>Neighbours from {pairs:,} training pairs.</p>"
        f"{_figure(name, rates)}{_table(rates)}</section>"
    )


def _table(rates: Mapping[str, Rates]) -> str:
    """A row a variant; the difference to all channels beneath each rate of a left-out channel."""
    ks = sorted(rates["all"], key=int)
    head = "".join(f"<th>MOR@{k}</th>" for k in ks)
    rows = []
    for variant, words in WORDS.items():
        if variant not in rates:
            continue
        own = rates[variant]
        loss = (
            [f" <small>{own[k] - rates['all'][k]:+.3f}</small>" for k in ks]
            if variant.startswith("without")
            else [""] * len(ks)
        )
        cells = "".join(f"<td>{own[k]:.3f}{change}</td>" for k, change in zip(ks, loss, strict=True))
        rows.append(f"<tr><th>{words}</th>{cells}</tr>")
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _figure(name: str, rates: Mapping[str, Rates]) -> str:
    """MOR over k: each series, and the band between the best and the worst left-out channel."""
    ks = sorted(rates["all"], key=int)
    left_out = [own for variant, own in rates.items() if variant.startswith("without")]
    high, low = [max(own[k] for own in left_out) for k in ks], [min(own[k] for own in left_out) for k in ks]
    band = _points(high) + _points(low)[::-1]
    shapes = [
        _grid(ks),
        f'<polygon class="band" points="{_joined(band)}"/>',
        *(
            _series(kind, [rates[variant][k] for k in ks])
            for kind, variant in SERIES.items()
            if variant in rates
        ),
    ]
    title = f"MOR at {', '.join(ks)} on {name}: " + ", ".join(f"{rates['all'][k]:.3f}" for k in ks)
    keys = {
        "ours": "nearest pairs",
        "band": "range with one channel left out",
        **({"poll": "in proportion"} if "in proportion" in rates else {}),
        "chance": "random pairs",
    }
    spans = " ".join(f'<span class="key {kind}"></span>{words}' for kind, words in keys.items())
    legend = f'<p class="legend">{spans}</p>'
    svg = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(shapes)}</svg>'
    )
    return f"<figure>{svg}{legend}</figure>"


def _grid(ks: Sequence[str]) -> str:
    lines = []
    for step in range(6):
        y = _height(step / 5)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{step / 5:.1f}</text>')
    for k, (x, _) in zip(ks, _points([0] * len(ks)), strict=True):
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">k = {k}</text>')
    return "".join(lines)


def _series(kind: str, values: Sequence[float]) -> str:
    places = _points(values)
    marks = "".join(
        MARKS[kind].format(x=x, y=y, r=RADIUS, d=2 * RADIUS, left=x - RADIUS, top=y - RADIUS)
        for x, y in places
    )
    return f'<g class="{kind}"><polyline points="{_joined(places)}"/>{marks}</g>'


def _points(values: Sequence[float]) -> list[tuple[float, float]]:
    """Places of the values, the ks at even distances."""
    step = (WIDTH - LEFT) / len(values)
    return [(LEFT + step * (place + 0.5), _height(value)) for place, value in enumerate(values)]


def _height(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _joined(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
