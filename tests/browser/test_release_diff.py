"""The page of ``mard release diff`` in headless Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mard.drift.compare import compare
from mard.drift.page import render_page
from mard.label.taxonomy import load_taxonomy
from tests.corpora import corpus, drug_rows
from tests.unit.drift.small import release

pytestmark = pytest.mark.browser


def test_the_page_asks_for_nothing_and_fits_every_width(tmp_path: Path, browser: Browser) -> None:
    old = release(corpus(12, share=1.0), drug_rows(range(1, 13)))
    new = release(corpus(12, share=1.0, seed=1)[9:], drug_rows(range(1, 14)))
    file = tmp_path / "diff.html"
    file.write_text(render_page(compare(old, new, load_taxonomy())), encoding="utf-8")
    asked: list[str] = []
    faults: list[str] = []
    for width in (400, 800, 1300):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(file.as_uri())
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth + 1")
        cells = page.locator("table.heat td.changed").all_inner_texts()
        assert sum(int(cell) for cell in cells) > 0
        assert page.locator("svg.dumbbell").first.bounding_box()["width"] > 100
        page.close()
    assert set(asked) == {file.as_uri()}
    assert faults == []
