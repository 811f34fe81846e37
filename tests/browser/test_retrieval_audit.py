"""The page of the retrieval audit in headless Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mard.retrieve.audit_page import WORDS, write_audit_page
from mard.schema import Protocol

pytestmark = pytest.mark.browser

KS = ("1", "5", "10", "20")
RATES = {
    "all": dict(zip(KS, (0.6, 0.81, 0.88, 0.93), strict=True)),
    "in proportion": dict(zip(KS, (0.66, 0.89, 0.94, 0.97), strict=True)),
    "random": dict(zip(KS, (0.24, 0.66, 0.85, 0.94), strict=True)),
    "without pathway": dict(zip(KS, (0.62, 0.82, 0.89, 0.94), strict=True)),
    "without protein": dict(zip(KS, (0.5, 0.72, 0.82, 0.9), strict=True)),
    "without atc": dict(zip(KS, (0.58, 0.8, 0.87, 0.93), strict=True)),
    "without tanimoto": dict(zip(KS, (0.57, 0.8, 0.88, 0.93), strict=True)),
}
OVERLAPPING = """() => {
    const texts = [...document.querySelector('svg').querySelectorAll('text')];
    const boxes = texts.map(text => text.getBoundingClientRect());
    return boxes.some((a, i) => boxes.slice(i + 1).some(
        b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}"""


def test_the_audit_asks_for_nothing_fits_every_width_and_draws_what_it_says(
    tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "audit.html"
    write_audit_page(file, dict.fromkeys(Protocol, RATES), dict.fromkeys(Protocol, 153_316))
    asked: list[str] = []
    faults: list[str] = []
    for width in (390, 800, 1300):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.goto(file.as_uri())
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth + 1")
        assert page.locator("h2").all_inner_texts() == ["warm", "drug_cold", "pair_cold"]
        assert page.locator("tbody tr").count() == len(Protocol) * len(WORDS)
        assert not page.evaluate(OVERLAPPING), "labels of the figure run into each other"
        for series in ("g.ours circle", "g.poll path"):
            marks = page.locator("section").first.locator(series)
            heights = [mark.bounding_box()["y"] for mark in marks.all()]
            assert heights == sorted(heights, reverse=True), "MOR@k rises with k"
            assert len(heights) == len(KS)
        page.close()
    assert set(asked) == {file.as_uri()}
    assert faults == []
