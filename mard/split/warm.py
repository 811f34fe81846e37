"""Protocol ``warm``: pairs shuffled, stratified by family."""

from __future__ import annotations

import polars as pl

from mard.config import Split
from mard.split.draw import stratified_parts
from mard.split.frames import families_of, keys_of, with_part


def warm_split(labels: pl.DataFrame, params: Split) -> pl.DataFrame:
    """Split the pairs of ``label/labels`` into train, val and test; returns ``split/warm``."""
    parts = stratified_parts(
        families_of(labels), keys_of(labels, params.warm_seed), params.val_share, params.test_share
    )
    return with_part(labels, parts)
