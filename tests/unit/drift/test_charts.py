"""The small charts of the page."""

from __future__ import annotations

import re

import pytest

from mard.drift.charts import WIDTH, bar, dumbbell, fate, gain_and_loss, shade


def numbers(markup: str, kind: str, attribute: str) -> list[float]:
    return [
        float(value) for value in re.findall(rf'class="{kind}[^"]*"[^>]*? {attribute}="([\d.-]+)"', markup)
    ]


def test_a_dumbbell_runs_from_the_old_share_to_the_new() -> None:
    chart = dumbbell(0.0, 1.0, "all")
    assert numbers(chart, "old", "cx") == [7.0]
    assert numbers(chart, "new", "cx") == [WIDTH - 7.0]
    assert 'class="new more"' in chart
    assert 'class="new less"' in dumbbell(0.6, 0.5, "fewer")
    assert 'class="new even"' in dumbbell(0.5, 0.5, "as many")


def test_losses_go_left_and_gains_right_on_one_scale() -> None:
    chart = gain_and_loss(10, 5, 10, "ten and five")
    assert numbers(chart, "more", "width") == [93.0]  # half of 200, less the margin of 7
    assert numbers(chart, "less", "width") == [46.5]
    assert numbers(chart, "less", "x") == [53.5]  # ends in the middle, at 100
    assert numbers(chart, "more", "x") == [100.0]


def test_a_fate_fills_its_bar() -> None:
    chart = fate(50, 30, 20, "half kept")
    widths = [numbers(chart, kind, "width")[0] for kind in ("kept", "changed", "less")]
    assert widths == [100.0, 60.0, 40.0]
    assert numbers(fate(0, 0, 0, "none"), "kept", "width") == [0.0]


def test_a_count_of_nothing_has_no_length() -> None:
    assert numbers(bar(0, 0, "none"), "changed", "width") == [0.0]
    assert numbers(bar(5, 10, "half"), "changed", "width") == [99.0]


def test_labels_are_escaped() -> None:
    assert 'aria-label="a &lt; &#34;b&#34;"' in bar(1, 1, 'a < "b"')


@pytest.mark.parametrize(("count", "most", "expected"), [(0, 9, 0.0), (9, 9, 1.0), (2, 8, 0.5), (0, 0, 0.0)])
def test_shades_are_logarithmic(count: int, most: int, expected: float) -> None:
    assert shade(count, most) == expected  # log 3 / log 9 = 1/2
