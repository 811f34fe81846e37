from __future__ import annotations

from xml.etree import ElementTree

from mard.evaluate.report.plot import BOTTOM, LEFT, RIGHT, TOP, Plot


def _plot(label: str = "a plot") -> Plot:
    return Plot(label, (0, 10), (0, 1), "x", "y", (0, 10), (0, 1), width=200, height=100)


def test_data_coordinates_map_to_the_frame() -> None:
    plot = _plot()
    plot.line([(0, 0), (10, 1)], "student")
    line = ElementTree.fromstring(plot.svg()).find("polyline")
    assert line is not None
    # the origin is at the left above the lower margin, the far corner at the right below the upper one
    assert line.get("points") == f"{LEFT:.1f},{100 - BOTTOM:.1f} {200 - RIGHT:.1f},{TOP:.1f}"


def test_a_bar_stands_on_the_axis() -> None:
    plot = _plot()
    plot.bar(0, 10, 0.5, "count", "half")
    bar = ElementTree.fromstring(plot.svg()).find("rect")
    assert bar is not None
    assert float(bar.get("y", 0)) + float(bar.get("height", 0)) == 100 - BOTTOM
    assert float(bar.get("height", 0)) == (100 - TOP - BOTTOM) / 2


def test_every_text_is_escaped() -> None:
    plot = _plot('"><script>alert(1)</script>')
    plot.bar(0, 1, 1, '"x', "<b>")
    page = plot.svg()
    assert "<script" not in page
    assert "<b>" not in page
    ElementTree.fromstring(page)
