"""Gold and predicted labels as aligned columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mard.evaluate.statistic import Texts


@dataclass(frozen=True)
class Labels:
    """``n`` labels; each column is text ``[n]``. An answer that could not be parsed is empty text throughout,
    so it never equals gold.
    """

    family: Texts
    subtype: Texts
    direction: Texts
    polarity: Texts

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Labels:
        """From the columns of those names; rows whose ``parsed`` is false become empty text."""
        if "parsed" in frame.columns:
            columns = ("family", "subtype", "direction", "polarity")
            frame = frame.with_columns(pl.when("parsed").then(pl.col(columns)).otherwise(pl.lit("")))
        return cls(*(texts(frame[name]) for name in ("family", "subtype", "direction", "polarity")))

    @property
    def path(self) -> Texts:
        """``family/subtype``: a subtype is right only inside its family."""
        return np.char.add(np.char.add(self.family, "/"), self.subtype)


def texts(column: pl.Series) -> Texts:
    """A text column as a numpy array."""
    return column.to_numpy().astype(np.str_)
