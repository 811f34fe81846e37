"""Gold labels of the teacher subset, read without a data-frame library."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from mard.schema import Direction, Family, Label, Polarity


def read_gold(subset: Path) -> dict[str, Label]:
    """The gold label of each pair of the teacher subset."""
    columns = ["pair_id", "family", "subtype", "direction", "polarity"]
    table = pq.read_table(subset, columns=columns)
    return {
        pair_id: Label(Family(family), subtype, Direction(direction), Polarity(polarity))
        for pair_id, family, subtype, direction, polarity in zip(
            *(table[column].to_pylist() for column in columns), strict=True
        )
    }
