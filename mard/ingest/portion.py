"""A portion of a release: some drugs in the order of the file, small enough to hold and to send.

Sentences are most of what a release says. They are kept compressed until a table is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import polars as pl

from mard.ingest.cut import Listings
from mard.ingest.extract import DrugRecord


@dataclass(frozen=True, slots=True)
class Portion:
    """Records of drugs, and their listings one after the other.

    Attributes:
        records: The drugs.
        counts: Listings of each drug.
        partners: Partner id of each listing, without white space around it.
        empty: Whether the listing has no sentence.
        sentences: :func:`packed` sentence of each listing, single-spaced.
    """

    records: list[DrugRecord]
    counts: list[int]
    partners: pl.Series
    empty: pl.Series
    sentences: bytes

    @classmethod
    def of(cls, drugs: Sequence[tuple[DrugRecord, Listings]]) -> Portion:
        """Pack what was read of some drugs."""
        partners = [partner for _, (listed, _) in drugs for partner in listed]
        sentences = _single_spaced(
            pl.Series([text for _, (_, told) in drugs for text in told], dtype=pl.String)
        )
        return cls(
            records=[record for record, _ in drugs],
            counts=[len(listed) for _, (listed, _) in drugs],
            partners=pl.Series(partners, dtype=pl.String).str.strip_chars(),
            empty=sentences == "",
            sentences=packed(sentences),
        )


def packed(sentences: pl.Series) -> bytes:
    """Texts compressed about six-fold."""
    buffer = BytesIO()
    sentences.alias("description").to_frame().write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpacked(data: bytes) -> pl.Series:
    """The inverse of :func:`packed`."""
    return pl.read_ipc(data)["description"]


def _single_spaced(texts: pl.Series) -> pl.Series:
    messy = texts.str.contains("[\n\r\t\u00a0]|  ").arg_true()
    if len(messy):
        texts = texts.scatter(messy, texts.gather(messy).str.replace_all(r"\s+", " "))
    return texts.str.strip_chars()
