"""Between tables and the arrays that models are fitted on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mard.schema import Family

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]
Matrix = Any  # scipy.sparse.csr_array of float64

DIGITS: Final = 6
"""Shares and probabilities are rounded, so that files do not depend on the order of summation."""
FAMILIES: Final = tuple(str(family) for family in Family)
PROBABILITIES: Final = tuple(f"p_{family}" for family in FAMILIES)
"""Columns that hold the probability of each family."""
LEVELS: Final = ("family", "subtype", "direction", "polarity")
"""A label's columns, in the order in which they are decided."""
ANSWER: Final = ("pair_id", *LEVELS, *PROBABILITIES, "margin")
"""Columns of a model's answers."""


def texts(column: pl.Series) -> Texts:
    """A text column as a numpy array."""
    return column.to_numpy().astype(np.str_)


def with_margin(answers: pl.DataFrame) -> pl.DataFrame:
    """Add ``margin``, the most probable family's lead over the next one."""
    probable = answers.select(PROBABILITIES).to_numpy()
    second, first = np.sort(probable, axis=1)[:, -2:].T
    return answers.with_columns(margin=pl.Series((first - second).astype(np.float64).round(DIGITS)))
