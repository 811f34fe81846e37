from __future__ import annotations

import polars as pl

from mard.ingest import tables
from mard.ingest.tables import Batches


def test_batches_keep_every_row_in_order(monkeypatch):
    monkeypatch.setattr(tables, "_BATCH_ROWS", 3)
    batches = Batches({"id": pl.Int64, "tags": pl.List(pl.String)})
    for start in range(0, 10, 2):
        batches.extend([start, start + 1], [["a"], []])
    frame = batches.frame()
    assert frame["id"].to_list() == list(range(10))
    assert frame["tags"].to_list() == [["a"], []] * 5


def test_an_empty_table_has_its_columns():
    frame = Batches({"id": pl.Int64, "tags": pl.List(pl.String)}).frame()
    assert frame.schema == {"id": pl.Int64, "tags": pl.List(pl.String)}
    assert frame.is_empty()
