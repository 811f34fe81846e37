"""A small SVG plot: scales, axes and marks. Colours and fonts are the page's, by CSS class.

Texts are escaped by ``Markup.format``. A coordinate is written to a tenth of a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

Range = tuple[float, float]
Point = tuple[float, float]

LEFT: Final = 44.0
RIGHT: Final = 12.0
TOP: Final = 10.0
BOTTOM: Final = 38.0


@dataclass
class Plot:
    """One plot. Data coordinates go in, an ``<svg>`` comes out.

    Attributes:
        label: What the plot shows, read out by a screen reader.
        x: Bounds of the x axis; y likewise.
        x_title: Title of the x axis; y_title likewise.
        x_ticks: Where ticks are; y_ticks likewise.
        x_text: How a tick on the x axis is written; y_text likewise.
        left: Room for the ticks of the y axis.
    """

    label: str
    x: Range
    y: Range
    x_title: str
    y_title: str
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    x_text: Callable[[float], str] = "{:g}".format
    y_text: Callable[[float], str] = "{:g}".format
    width: float = 320.0
    height: float = 220.0
    left: float = LEFT
    _marks: list[Markup] = field(default_factory=list)

    def line(self, points: Sequence[Point], kind: str) -> None:
        """A line through the points; ``kind`` is its CSS class."""
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
        self._marks.append(Markup('<polyline class="line {}" points="{}"/>').format(kind, path))

    def dots(self, points: Sequence[Point], kind: str) -> None:
        """Round marks."""
        for x, y in points:
            mark = Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
            self._marks.append(mark.format(kind, self._x(x), self._y(y)))

    def bar(self, left: float, right: float, height: float, kind: str, tip: str) -> None:
        """A bar from the axis up to ``height``, with a tip that shows on hovering."""
        mark = Markup(
            '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
            "<title>{}</title></rect>"
        )
        x, y = self._x(left), self._y(height)
        self._marks.append(mark.format(kind, x, y, self._x(right) - x, self._y(self.y[0]) - y, tip))

    def svg(self) -> Markup:
        """The plot as markup."""
        page = Markup('<svg class="plot" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}{}{}{}</svg>')
        marks = Markup("").join(self._marks)
        return page.format(
            self.width, self.height, self.label, self._y_axis(), self._x_axis(), marks, self._titles()
        )

    def _y_axis(self) -> Markup:
        tick = Markup(
            '<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            '<text class="tick" x="{:.1f}" y="{y:.1f}" dy="3.5" text-anchor="end">{}</text>'
        )
        right = self.width - RIGHT
        return Markup("").join(
            tick.format(self.left, right, self.left - 6, self.y_text(value), y=self._y(value))
            for value in self.y_ticks
        )

    def _x_axis(self) -> Markup:
        below = self.height - BOTTOM
        tick = Markup('<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>')
        axis = Markup('<line class="axis" x1="{:.1f}" x2="{:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        ticks = [tick.format(self._x(value), below + 15, self.x_text(value)) for value in self.x_ticks]
        return Markup("").join([axis.format(self.left, self.width - RIGHT, y=below), *ticks])

    def _titles(self) -> Markup:
        titles = Markup(
            '<text class="title" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>'
            '<text class="title" transform="translate(11 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>'
        )
        across, down = (self.left + self.width - RIGHT) / 2, (TOP + self.height - BOTTOM) / 2
        return titles.format(across, self.height - 6, self.x_title, down, self.y_title)

    def _x(self, value: float) -> float:
        low, high = self.x
        return self.left + (value - low) / (high - low) * (self.width - self.left - RIGHT)

    def _y(self, value: float) -> float:
        low, high = self.y
        return self.height - BOTTOM - (value - low) / (high - low) * (self.height - TOP - BOTTOM)
