from __future__ import annotations

import polars as pl

from mard.ingest.interactions import retired_ids


def drugs(**secondary: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"drug_id": list(secondary), "secondary_ids": list(secondary.values())})


def test_a_retired_id_belongs_to_its_only_holder():
    table = drugs(DB00001=["DB00009", "BTD00001"], DB00002=["DB00008", "DB00001"], DB00003=["DB00008"])
    assert retired_ids(table) == {"DB00009": "DB00001"}
