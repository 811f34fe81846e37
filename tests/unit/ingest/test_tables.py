from __future__ import annotations

import polars as pl

from mard.ingest import tables
from mard.ingest.tables import Batches, retired_ids


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


def drugs(**secondary: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"drug_id": list(secondary), "secondary_ids": list(secondary.values())})


def test_a_retired_id_belongs_to_its_only_holder():
    table = drugs(DB00001=["DB00009", "BTD00001"], DB00002=["DB00008", "DB00001"], DB00003=["DB00008"])
    assert retired_ids(table) == {"DB00009": "DB00001"}
