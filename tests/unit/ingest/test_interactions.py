from __future__ import annotations

import polars as pl
import pytest

from mard.ingest import interactions
from mard.ingest.interactions import Interactions, retired_ids
from mard.ingest.portion import packed


def drugs(**secondary: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"drug_id": list(secondary), "secondary_ids": list(secondary.values())})


def test_a_retired_id_belongs_to_its_only_holder():
    table = drugs(DB00001=["DB00009", "BTD00001"], DB00002=["DB00008", "DB00001"], DB00003=["DB00008"])
    assert retired_ids(table) == {"DB00009": "DB00001"}


def listed(*rows: tuple[int, int | None, str]) -> tuple[pl.DataFrame, bytes]:
    ids = pl.DataFrame(
        [row[:2] for row in rows], schema={"listed_by": pl.UInt32, "partner": pl.UInt32}, orient="row"
    )
    return ids, packed(pl.Series([row[2] for row in rows]))


def test_batches_have_one_size_whatever_the_portions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(interactions, "BATCH_ROWS", 2)
    ids = pl.Series(["DB00001", "DB00002", "DB00003"])
    table = Interactions(
        ids,
        [listed((2, 0, "one"), (0, None, "refused")), listed((0, 1, "two"), (1, 0, "three"), (0, 2, "four"))],
    )
    assert [batch["description"].to_list() for batch in table.batches()] == [
        ["one", "two"],
        ["three", "four"],
    ]
    assert table.frame().row(0) == ("DB00001|DB00003", "DB00001", "DB00003", "DB00003", "one")
    assert (table.height, table.count_pairs()) == (4, 2)


def test_no_interactions_are_one_empty_batch():
    table = Interactions(pl.Series(["DB00001"]), [])
    assert [batch.height for batch in table.batches()] == [0]
    assert (table.height, table.count_pairs()) == (0, 0)
