"""The page's small SVG charts: each is one row of a table, drawn to one scale a column.

OLD is an open mark and NEW a filled one; more is drawn to the right and less to the left, so that no
chart needs its colours to be read.
"""

from __future__ import annotations

import math
from typing import Final

from markupsafe import Markup

WIDTH: Final = 200.0
HEIGHT: Final = 16.0

_MIDDLE: Final = HEIGHT / 2
_MARGIN: Final = 7.0
_SVG: Final = Markup(
    '<svg class="{}" viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}" role="img" aria-label="{}">{}</svg>'
)


def dumbbell(old: float, new: float, label: str) -> Markup:
    """Two shares in [0, 1] on one track, joined by a line."""
    left, right = (_MARGIN + share * (WIDTH - 2 * _MARGIN) for share in (old, new))
    track = Markup('<line class="track" x1="{:g}" x2="{:g}" y1="{y:g}" y2="{y:g}"/>').format(
        _MARGIN, WIDTH - _MARGIN, y=_MIDDLE
    )
    marks = Markup(
        '<line class="span {way}" x1="{:.1f}" x2="{:.1f}" y1="{y:g}" y2="{y:g}"/>'
        '<circle class="old" cx="{:.1f}" cy="{y:g}" r="4.5"/>'
        '<circle class="new {way}" cx="{:.1f}" cy="{y:g}" r="3"/>'
    ).format(left, right, left, right, y=_MIDDLE, way=_way(new - old))
    return _svg("dumbbell", label, track + marks)


def gain_and_loss(gained: int, lost: int, most: int, label: str) -> Markup:
    """Two bars from the middle: what was lost to the left, what was gained to the right."""
    half = WIDTH / 2 - _MARGIN
    unit = half / max(most, 1)
    bars = Markup(
        '<line class="axis" x1="{x:g}" x2="{x:g}" y1="1" y2="{:g}"/>'
        '<rect class="less" x="{:.1f}" y="3" width="{:.1f}" height="{h:g}"/>'
        '<rect class="more" x="{x:g}" y="3" width="{:.1f}" height="{h:g}"/>'
    ).format(HEIGHT - 1, WIDTH / 2 - lost * unit, lost * unit, gained * unit, x=WIDTH / 2, h=HEIGHT - 6)
    return _svg("gains", label, bars)


def fate(kept: int, relabelled: int, vanished: int, label: str) -> Markup:
    """One bar of pairs: kept, then with another label, then vanished."""
    total = max(kept + relabelled + vanished, 1)
    start = 0.0
    bars = Markup("")
    for kind, count in (("kept", kept), ("changed", relabelled), ("less", vanished)):
        width = WIDTH * count / total
        bar = Markup('<rect class="{}" x="{:.2f}" y="2" width="{:.2f}" height="{:g}"/>')
        bars += bar.format(kind, start, width, HEIGHT - 4)
        start += width
    return _svg("fate", label, bars)


def bar(count: int, most: int, label: str) -> Markup:
    """One bar from the left."""
    width = (WIDTH - 2) * count / max(most, 1)
    return _svg(
        "count",
        label,
        Markup('<rect class="changed" x="0" y="3" width="{:.1f}" height="{:g}"/>').format(width, HEIGHT - 6),
    )


def shade(count: int, most: int) -> float:
    """How strongly a count is shaded, in [0, 1]: logarithmic, since counts span five orders of magnitude."""
    return round(math.log1p(count) / math.log1p(max(most, 1)), 3) if count else 0.0


def _way(difference: float) -> str:
    return "more" if difference > 0 else "less" if difference < 0 else "even"


def _svg(kind: str, label: str, marks: Markup) -> Markup:
    return _SVG.format(kind, WIDTH, HEIGHT, WIDTH, HEIGHT, label, marks)
