from __future__ import annotations

from xml.etree import ElementTree

import pytest

from mard.evaluate.report import charts
from mard.evaluate.statistic import UNSCORED

BINS = [
    {"low": 0.0, "high": 0.5, "pairs": 0, "confidence": UNSCORED, "accuracy": UNSCORED},
    {"low": 0.5, "high": 1.0, "pairs": 8, "confidence": 0.8, "accuracy": 0.75},
]


def test_reliability_draws_only_bins_that_hold_answers_and_counts_those_of_the_first_line() -> None:
    svg = ElementTree.fromstring(charts.reliability("Warm", [("student", BINS), ("other", BINS)]))
    assert [dot.get("class") for dot in svg.findall("circle")] == ["dot other", "dot student"]
    assert len(svg.findall("rect")) == 2


def test_a_forest_fills_the_discs_of_differences_that_leave_out_zero() -> None:
    rows = [
        ("worse", -0.2, [-0.3, -0.1]),
        ("even", 0.0, [-0.1, 0.2]),
        ("touches", 0.1, [0.0, 0.2]),
        ("unscored", UNSCORED, UNSCORED),
    ]
    svg = ElementTree.fromstring(charts.forest("Warm", rows))
    assert [dot.get("class") for dot in svg.findall("circle")] == ["dot student", "dot open", "dot open"]
    heights = [float(str(dot.get("cy"))) for dot in svg.findall("circle")]
    assert heights == sorted(heights)  # from above, as listed
    assert {"worse", "even", "touches", "unscored"} <= {text.text for text in svg.findall("text")}


def test_a_curve_joins_the_steps_that_logged_the_metric() -> None:
    history = [{"step": 1, "loss": 2.0}, {"step": 2, "other": 1.0}, {"step": 3, "loss": 1.0}]
    line = ElementTree.fromstring(charts.training("sft: loss", history, "loss")).find("polyline")
    assert line is not None
    assert len(str(line.get("points")).split()) == 2


def test_a_single_point_is_no_curve_and_a_constant_is_one() -> None:
    assert charts.training("dpo", [{"step": 1, "loss": 0.0}], "loss") == ""
    assert charts.training("dpo", [{"step": 1, "loss": 0.0}, {"step": 2, "loss": 0.0}], "loss") != ""


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.43, 3.3, [0, 1, 2, 3, 4]),
        (-0.2, 0.9, [-0.5, 0, 0.5, 1.0]),
        (0.0101, 0.0399, [0.01, 0.02, 0.03, 0.04]),
    ],
)
def test_axes_end_on_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    bounds, found = charts._round_range(low, high)
    assert found == pytest.approx(ticks)
    assert bounds == pytest.approx((ticks[0], ticks[-1]))


def test_strips_of_one_table_share_a_scale_in_round_steps() -> None:
    systems = [
        {"intervals": {"m": {"cluster": [0.42, 0.61]}}},
        {"intervals": {"m": {"cluster": [0.5, 0.78]}}},
    ]
    assert charts.strip_bounds(systems, "m") == pytest.approx((0.4, 0.8))
    assert charts.strip_bounds([{"intervals": {"m": {"cluster": UNSCORED}}}], "m") == (0.0, 1.0)


def test_a_strip_places_value_and_interval_on_the_scale() -> None:
    svg = ElementTree.fromstring(charts.interval_strip(0.4, 0.6, 0.8, (0.4, 0.8), student=True))
    whisker = svg.findall("line")[1]
    assert (whisker.get("x1"), whisker.get("x2")) == ("4.0", "196.0")
    disc = svg.find("circle")
    assert disc is not None
    assert disc.get("cx") == "100.0"
    assert charts.interval_strip(UNSCORED, 0.6, UNSCORED, (0, 1), student=True) == ""
