"""The report's figures, each from plain values of ``metrics.json`` to SVG markup."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from mard.evaluate.report.plot import Plot, Range
from mard.evaluate.statistic import UNSCORED

FIFTHS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def interval_strip(low: Any, value: Any, high: Any, bounds: Range, *, student: bool) -> Markup:
    """A point with its interval on a common scale, to stand in a table's row: a disc, or a bar for others."""
    if UNSCORED in (low, value, high):
        return Markup("")
    start, width = bounds[0], bounds[1] - bounds[0]
    places = [4 + 192 * (item - start) / width for item in (low, value, high)]
    disc = Markup('<circle class="dot student" cx="{:.1f}" cy="9" r="4.5"/>')
    bar = Markup('<rect class="dot other" x="{:.1f}" y="4" width="3" height="10"/>')
    strip = Markup(
        '<svg class="strip" viewBox="0 0 200 18" role="img" aria-label="{:.3f}, interval {:.3f} to {:.3f}">'
        '<line class="scale" x1="4" x2="196" y1="9" y2="9"/>'
        '<line class="whisker {}" x1="{:.1f}" x2="{:.1f}" y1="9" y2="9"/>{}</svg>'
    )
    mark = disc.format(places[1]) if student else bar.format(places[1] - 1.5)
    kind = "student" if student else "other"
    return strip.format(value, low, high, kind, places[0], places[2], mark)


def strip_bounds(systems: Sequence[Mapping[str, Any]], metric: str) -> Range:
    """A common scale for the intervals of several systems, in steps of a twentieth."""
    found = [
        bound
        for system in systems
        if system["intervals"][metric]["cluster"] != UNSCORED
        for bound in system["intervals"][metric]["cluster"]
    ]
    if not found:
        return (0.0, 1.0)
    low, high = math.floor(min(found) * 20) / 20, math.ceil(max(found) * 20) / 20
    return (low, high if high > low else low + 0.05)


def reliability(name: str, lines: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> Markup:
    """Accuracy over confidence, one line a kind; behind them, how many answers the first one has where."""
    plot = _unit_plot(f"Reliability on {name}", "confidence", "accuracy")
    rows = lines[0][1]
    most = max(row["pairs"] for row in rows)
    for row in rows:
        tip = f"{row['pairs']} answers with confidence {row['low']:.1f} to {row['high']:.1f}"
        plot.bar(row["low"] + 0.01, row["high"] - 0.01, 0.3 * row["pairs"] / most, "count", tip)
    plot.line([(0, 0), (1, 1)], "ideal")
    for kind, bins in reversed(lines):
        points = [(row["confidence"], row["accuracy"]) for row in bins if row["accuracy"] != UNSCORED]
        plot.line(points, kind)
        plot.dots(points, kind)
    return plot.svg()


def coverage(name: str, curves: Sequence[tuple[str, str, Sequence[Sequence[float]]]]) -> Markup:
    """Accuracy when only the most confident share is answered: kind, system and points of each curve."""
    plot = _unit_plot(f"Coverage and accuracy on {name}", "share answered", "accuracy")
    for kind, _, points in reversed(curves):
        plot.line([(share, value) for share, value in points], kind)
    return plot.svg()


def rarity(name: str, rows: Sequence[Mapping[str, Any]], overall: float) -> Markup:
    """Accuracy per rarity decile, rarest first, and overall; a tick is the decile's highest pair count."""
    ticks = [index + 0.5 for index in range(len(rows))]
    labels = {tick: str(row["high"]) for tick, row in zip(ticks, rows, strict=True)}
    plot = Plot(
        f"Accuracy by rarity on {name}",
        (0, len(rows)),
        (0, 1),
        "pairs of the rarer drug, up to",
        "accuracy",
        ticks,
        FIFTHS,
        x_text=labels.__getitem__,
    )
    for index, row in enumerate(rows):
        tip = f"{row['pairs']} test pairs with {row['low']} to {row['high']}: accuracy {row['accuracy']:.2f}"
        plot.bar(index + 0.12, index + 0.88, row["accuracy"], "student", tip)
    plot.line([(0, overall), (len(rows), overall)], "ideal")
    return plot.svg()


def forest(name: str, rows: Sequence[tuple[str, Any, Any]], x_title: str = "change of macro-F1") -> Markup:
    """Differences with their intervals, one a row, around a line at 0.

    A filled disc marks a difference whose interval leaves out 0.

    Args:
        name: Of the figure.
        rows: Label, difference, and bounds or unscored.
        x_title: What differs.
    """
    bounds = [bound for _, _, found in rows if found != UNSCORED for bound in found]
    known = [value for _, value, _ in rows if value != UNSCORED]
    x, ticks = _round_range(min([0.0, *bounds, *known]), max([0.0, *bounds, *known]))
    places = {float(len(rows) - index): label for index, (label, _, _) in enumerate(rows)}
    plot = Plot(
        f"{x_title} on {name}",
        x,
        (0.4, len(rows) + 0.6),
        x_title,
        "",
        ticks,
        list(places),
        y_text=places.__getitem__,
        width=380,
        height=58 + 26 * len(rows),
        left=134,
    )
    plot.line([(0, 0.4), (0, len(rows) + 0.6)], "ideal")
    for place, (_, value, found) in zip(places, rows, strict=True):
        if value != UNSCORED:
            sure = found != UNSCORED and not found[0] <= 0 <= found[1]
            if found != UNSCORED:
                plot.line([(found[0], place), (found[1], place)], "student")
            plot.dots([(value, place)], "student" if sure else "open")
    return plot.svg()


def retrieval(name: str, rates: Mapping[str, Mapping[str, float]]) -> Markup:
    """MOR@k of what prompts show, and of chance."""
    shown = "in proportion" if "in proportion" in rates else "all"
    ks = sorted(int(k) for k in rates["all"])
    places = {index + 0.0: str(k) for index, k in enumerate(ks)}
    plot = Plot(
        f"MOR@k on {name}",
        (-0.2, max(len(ks) - 0.8, 0.2)),
        (0, 1),
        "neighbours looked at (k)",
        "own family among them",
        list(places),
        FIFTHS,
        x_text=places.__getitem__,
    )
    for variant, kind in (("random", "ideal"), (shown, "student")):
        points = [(index + 0.0, rates[variant][str(k)]) for index, k in enumerate(ks)]
        plot.line(points, kind)
        plot.dots(points, kind)
    return plot.svg()


def training(label: str, history: Sequence[Mapping[str, Any]], metric: str) -> Markup:
    """The curve of one metric over steps; empty where fewer than two steps logged it."""
    points = [(float(row["step"]), float(row[metric])) for row in history if metric in row]
    return _curve(label, points) if len(points) > 1 else Markup("")


def _curve(label: str, points: Sequence[tuple[float, float]]) -> Markup:
    steps, values = zip(*points, strict=True)
    y, y_ticks = _round_range(min(values), max(values))
    x, x_ticks = (steps[0], steps[-1]), [steps[0], steps[len(steps) // 2], steps[-1]]
    plot = Plot(label, x, y, "step", "", x_ticks, y_ticks, width=260, height=150)
    plot.line(points, "student")
    return plot.svg()


def _round_range(low: float, high: float) -> tuple[Range, list[float]]:
    """Bounds around the values in round steps, and the ticks."""
    spread = high - low or abs(high) or 1.0
    magnitude = 10 ** math.floor(math.log10(spread / 3))
    step = next(size * magnitude for size in (1, 2, 5, 10) if spread / (size * magnitude) <= 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    return (first * step, last * step), [round(index * step, 10) for index in range(first, last + 1)]


def _unit_plot(label: str, x_title: str, y_title: str) -> Plot:
    return Plot(label, (0, 1), (0, 1), x_title, y_title, FIFTHS, FIFTHS)
