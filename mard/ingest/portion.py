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
class PackedListings:
    """The listings of some drugs, one after the other.

    Attributes:
        counts: Listings of each drug.
        partners: Partner id of each listing, without white space around it.
        empty: Whether the listing has no sentence.
        sentences: :func:`packed` sentence of each listing, single-spaced.
    """

    counts: list[int]
    partners: pl.Series
    empty: pl.Series
    sentences: bytes

    @classmethod
    def of(cls, listings: Sequence[Listings]) -> PackedListings:
        """Pack the listings of each drug."""
        partners = [partner for listed, _ in listings for partner in listed]
        sentences = _single_spaced(
            pl.Series([text for _, told in listings for text in told], dtype=pl.String)
        )
        return cls(
            counts=[len(listed) for listed, _ in listings],
            partners=pl.Series(partners, dtype=pl.String).str.strip_chars(),
            empty=sentences == "",
            sentences=packed(sentences),
        )


@dataclass(frozen=True, slots=True)
class Portion:
    """Records of drugs, and their listings."""

    records: list[DrugRecord]
    listings: PackedListings

    @classmethod
    def of(cls, drugs: Sequence[tuple[DrugRecord, Listings]]) -> Portion:
        """Pack what was read of some drugs."""
        return cls([record for record, _ in drugs], PackedListings.of([listings for _, listings in drugs]))


def packed(sentences: pl.Series) -> bytes:
    """Texts compressed about six-fold."""
    buffer = BytesIO()
    sentences.alias("description").to_frame().write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpacked(data: bytes) -> pl.Series:
    """The inverse of :func:`packed`."""
    return pl.read_ipc(data)["description"]


def _single_spaced(texts: pl.Series) -> pl.Series:
    beyond_ascii = texts.str.len_bytes() != texts.str.len_chars()  # where white space has many forms
    messy = (texts.str.contains("[\n\r\t]|  ") | beyond_ascii).arg_true()
    if len(messy):
        texts = texts.scatter(messy, texts.gather(messy).str.replace_all(r"\s+", " "))
    return texts.str.strip_chars()
