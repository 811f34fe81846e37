"""Between label tables and the arrays that the splits work on."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.schema import Family, Part
from mard.split.draw import Codes, Keys, pair_keys

PARTS: Final = (Part.TRAIN, Part.VAL, Part.TEST, Part.ASIDE)
COLUMNS: Final = ("pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity", "part")

_FAMILIES: Final = {str(family): code for code, family in enumerate(Family)}


def drug_numbers(ids: pl.Series) -> npt.NDArray[np.uint64]:
    """The numbers in DrugBank ids: 582 for DB00582."""
    return ids.str.slice(2).cast(pl.UInt64).to_numpy()


def keys_of(pairs: pl.DataFrame, seed: int) -> Keys:
    """Random keys of the pairs of a table."""
    return pair_keys(drug_numbers(pairs["drug_a"]), drug_numbers(pairs["drug_b"]), seed)


def families_of(pairs: pl.DataFrame) -> Codes:
    """Family codes of the pairs of a table."""
    return pairs["family"].replace_strict(_FAMILIES, return_dtype=pl.Int64).to_numpy()


def with_part(pairs: pl.DataFrame, parts: npt.NDArray[np.int8]) -> pl.DataFrame:
    """The split table: pairs, labels and part, sorted by pair id."""
    names = pl.Series("part", parts).replace_strict(dict(enumerate(map(str, PARTS))), return_dtype=pl.String)
    table = pairs.with_columns(names).select(COLUMNS)
    return table if table["pair_id"].is_sorted() else table.sort("pair_id")
