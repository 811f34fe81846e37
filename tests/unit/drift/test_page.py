"""The page: everything in it, nothing from elsewhere, and nothing that the comparison does not say."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from mard.drift.compare import Drift, compare
from mard.drift.page import Cell, render_page
from mard.label.taxonomy import load_taxonomy
from tests.corpora import corpus, drug_rows
from tests.unit.drift.small import release


@pytest.fixture(scope="module")
def drift() -> Drift:
    names = {1: "<b>Bold</b>", 2: "Before"}
    old = release(corpus(9, share=1.0), drug_rows(range(1, 10), name=names))
    table = corpus(9, share=1.0, seed=1)[5:]
    new = release(
        table, drug_rows(range(1, 12), name={1: "<b>Bold</b>", 2: "After", 11: "<script>x</script>"})
    )
    return compare(old, new, load_taxonomy())


def test_the_page_needs_no_other_file_and_no_network(drift: Drift) -> None:
    page = render_page(drift)
    assert page.lstrip().startswith("<!doctype html>")
    assert re.findall(r"""(?:src|href)\s*=|@import|url\(|https?://""", page) == []


def test_texts_of_a_release_are_shown_and_never_run(drift: Drift) -> None:
    page = render_page(drift)
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script" not in page
    assert "Before → After" in page


def test_the_matrix_shows_every_pair_once(drift: Drift) -> None:
    page = render_page(drift)
    heat = page[page.index('<table class="heat">') : page.index('<div class="key">')]
    cells = re.findall(r'<td class="(?:same|shaded \w+(?: dark)?)"[^>]*>([\d,]+)', heat)
    pairs = drift.pairs
    assert (
        sum(int(cell.replace(",", "")) for cell in cells)
        == pairs.common + pairs.added.height + pairs.removed.height
    )


def test_without_differences_the_page_says_so_and_shows_no_charts() -> None:
    own = release(corpus(5), drug_rows(range(1, 6)))
    page = render_page(compare(own, own, load_taxonomy()))
    assert "No differences" in page
    assert 'id="labels"' not in page
    assert "<svg" not in page


def test_vocabularies_that_differ_are_pointed_out() -> None:
    own = release(corpus(5), drug_rows(range(1, 6)))
    other = replace(own, taxonomy_version="2")
    assert "The vocabularies differ" in render_page(compare(own, other, load_taxonomy()))
    assert "The vocabularies differ" not in render_page(compare(own, own, load_taxonomy()))


def test_a_release_of_nothing_has_a_page() -> None:
    empty, one = release(), release(corpus(3, share=1.0), drug_rows(range(1, 4)))
    for old, new in ((empty, one), (one, empty), (empty, empty)):
        assert "</html>" in render_page(compare(old, new, load_taxonomy()))


@pytest.mark.parametrize("kind", ["changed", "more", "less"])
def test_text_on_a_shaded_cell_keeps_contrast(kind: str) -> None:
    """WCAG AA for large text, 3:1, at every shade, of the cell's colour over white."""
    hue = {"changed": (31, 41, 55), "more": (0, 86, 140), "less": (158, 46, 0)}[kind]
    for step in range(1, 101):
        shade = step / 100
        alpha = 0.07 + 0.83 * shade
        ground = luminance(tuple(255 + alpha * (channel - 255) for channel in hue))
        ink = 1.0 if Cell(1, kind, shade, 0).dark else luminance((27, 31, 36))
        light, dark = max(ground, ink), min(ground, ink)
        assert (light + 0.05) / (dark + 0.05) >= 3.0, (kind, shade)


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance of an sRGB colour in 0 to 255."""
    linear = [
        value / 12.92 if (value := channel / 255) <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for channel in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_tables_hold_every_changed_row(drift: Drift) -> None:
    tables = drift.tables()
    found = drift.to_dict()
    assert tables["pairs_added"].height == found["pairs"]["added"]
    assert tables["pairs_relabelled"].height == found["pairs"]["relabelled"]
    assert set(tables["drugs"]["change"]) == {"added", "renamed"}
    assert all(kind != pl.Object for table in tables.values() for kind in table.dtypes)
