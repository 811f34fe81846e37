from __future__ import annotations

import re

import pytest

from mard.gates.data_docs import validate_tables, write_data_docs
from mard.gates.expectations import label_suite, subset_suite
from mard.gates.leakage import GateResult
from mard.split.warm import warm_split
from tests.corpora import SUBTYPES, corpus
from tests.unit.split.params import PARAMS

LABELS = corpus(12)
WARM = warm_split(LABELS, PARAMS)
NAMES = sorted({name for names in SUBTYPES.values() for name in names})
GATES = [
    GateResult("pair_disjoint", "warm", 1234, 0, ()),
    GateResult("evidence_text", "pools", 10, 1, ("DB00001|DB00002: evidence names the partner (<b>X</b>)",)),
]


def pages(folder):
    tables = {"label/labels": (LABELS, label_suite(NAMES)), "split/few": (WARM, subset_suite(3))}
    write_data_docs(folder, GATES, validate_tables(tables))
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    return pages(tmp_path_factory.mktemp("docs"))


def test_pages_load_nothing_from_elsewhere(docs):
    assert set(docs) == {"index.html", "label-labels.html", "split-few.html", "style.css"}
    for text in docs.values():
        assert not re.search(r"https?://|<script|url\(", text)


def test_every_link_leads_to_a_page(docs):
    for text in docs.values():
        assert set(re.findall(r'(?:href|src)="([^"]*)"', text)) <= set(docs)


def test_the_overview_shows_gates_tables_and_what_is_wrong(docs):
    index = docs["index.html"]
    assert "<td>pair_disjoint</td><td>warm</td><td>1,234</td><td>0</td>" in index
    assert "evidence names the partner (&lt;b&gt;X&lt;/b&gt;)" in index
    assert f"expect_table_row_count_to_be_between(): observed {LABELS.height}" in index
    assert index.count(">FAIL<") == 2


def test_a_table_page_shows_each_column_with_its_expectations(docs):
    page = docs["label-labels.html"]
    assert "15 of 15 expectations met" in page
    for shown in ("pair_id", "values must be unique.", "values must never be null.", "AdverseRisk"):
        assert shown in page


def test_equal_data_give_equal_bytes(docs, tmp_path):
    assert pages(tmp_path) == docs
