from __future__ import annotations

import re

import pytest

from mard.retrieve.audit_page import write_audit_page
from mard.retrieve.similarity import CHANNELS


@pytest.fixture
def page(tmp_path):
    rates = {
        "all": {"1": 0.6, "10": 0.95},
        "in proportion": {"1": 0.7, "10": 0.97},
        "random": {"1": 0.2, "10": 0.8},
        **{f"without {channel}": {"1": 0.55, "10": 0.955} for channel in CHANNELS},
    }
    write_audit_page(
        tmp_path / "audit.html",
        {"pair_cold": rates, "warm": rates},
        {"warm": 12_345, "pair_cold": 678, "shared": 9},
    )
    return (tmp_path / "audit.html").read_text()


def test_each_protocol_has_its_rates_beside_chance_and_each_channel(page):
    assert re.findall(r"<h2>(\w+)</h2>", page) == ["warm", "pair_cold"]
    assert "12,345" in page
    rows = re.findall(r"<tr><th>([^<]+)</th>(.*?)</tr>", page.split("<h2>")[1])
    assert [re.findall(r"<td>([\d.]+)", cells) for _, cells in rows[:3]] == [
        ["0.600", "0.950"],
        ["0.700", "0.970"],
        ["0.200", "0.800"],
    ]
    assert len(rows) == 3 + len(CHANNELS)
    # leaving a channel out: .55 - .6 and .955 - .95
    assert all(re.findall(r"<small>([^<]+)", cells) == ["-0.050", "+0.005"] for _, cells in rows[3:])


def test_the_page_opens_offline(page):
    assert not re.search(r"https?://|<script|<link|@import", page)


def test_the_figure_says_what_it_shows_and_stays_in_its_frame(page):
    assert "MOR at 1, 10 on warm: 0.600, 0.950" in page
    points = [
        tuple(map(float, point.split(",")))
        for line in re.findall(r'points="([^"]+)"', page)
        for point in line.split()
    ]
    assert points
    assert all(0 <= x <= 560 and 0 <= y <= 240 for x, y in points)


def test_a_run_that_shows_the_nearest_has_no_row_and_no_line_for_another_choice(tmp_path):
    rates = {variant: {"1": 0.5} for variant in ("all", "random", *(f"without {each}" for each in CHANNELS))}
    write_audit_page(tmp_path / "audit.html", {"warm": rates}, {"warm": 9})
    assert "in proportion<" not in (tmp_path / "audit.html").read_text()
    assert (tmp_path / "audit.html").read_text().count("<polyline") == 2
