from __future__ import annotations

import numpy as np
import polars as pl

from mard.split.frames import COLUMNS, drug_numbers, families_of, keys_of, with_part
from tests.corpora import labels

PAIRS = labels([(1, 2), (1, 3), (2, 3), (4, 100000)])


def test_drug_numbers_drop_the_prefix_and_its_zeros():
    assert drug_numbers(pl.Series(["DB00582", "DB100000"])).tolist() == [582, 100000]


def test_keys_differ_by_pair_and_families_are_coded_in_order():
    assert len(set(keys_of(PAIRS, 1).tolist())) == 4
    families = PAIRS.with_columns(
        family=pl.Series(["PK_Metabolism", "AdverseRisk", "Efficacy", "AdverseRisk"])
    )
    assert families_of(families).tolist() == [6, 0, 1, 0]


def test_parts_are_named_and_rows_sorted():
    table = with_part(PAIRS[::-1], np.array([0, 1, 2, 3], dtype=np.int8))
    assert tuple(table.columns) == COLUMNS
    assert table["pair_id"].is_sorted()
    assert table["part"].to_list() == ["aside", "test", "val", "train"]
