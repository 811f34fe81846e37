"""Sentences to labels, batch by batch: distinct templates are classified, not sentences.

Of a sentence that the kernel reads only three numbers are kept: its drugs and its row in a
:class:`CodeBook`. The few that it cannot read go through every reading of :mod:`mard.label.masking`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.label.kernel import Texts, mask_names
from mard.label.masking import A_MARK, B_MARK, readings, to_template
from mard.label.taxonomy import Taxonomy
from mard.label.templates import classify

Array = npt.NDArray[Any]

NAMES_NOT_FOUND: Final = "names_not_found"
AMBIGUOUS_NAMES: Final = "ambiguous_names"
NO_TEMPLATE: Final = "no_template"

UNREAD: Final = -1
_REMEMBERED: Final = 1 << 16


class LabelRow(NamedTuple):
    """A template and the label of a pair that a sentence describes by it."""

    template: str
    family: str
    raw_subtype: str
    subtype: str
    order: str
    polarity: str
    direction: str


class CodeBook:
    """Numbers for label rows, given in order of appearance."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._codes: dict[LabelRow, int] = {}
        self._rows = lru_cache(_REMEMBERED)(self._row)

    @property
    def rows(self) -> list[LabelRow]:
        """The label row of each code."""
        return list(self._codes)

    def code(self, row: LabelRow) -> int:
        """The code of a label row, a new one for a new row."""
        return self._codes.setdefault(row, len(self._codes))

    def row(self, masked: str) -> LabelRow | None:
        """What a masked sentence says, or None where no rule matches."""
        return self._rows(masked) if A_MARK in masked and B_MARK in masked else None

    def _row(self, masked: str) -> LabelRow | None:
        template, first_is_a = to_template(masked)
        label = classify(template)
        if label is None:
            return None
        return LabelRow(
            template,
            str(label.family),
            label.raw_subtype,
            self._taxonomy.collapse(label.family, label.raw_subtype),
            str(label.order),
            str(label.polarity),
            str(label.order.direction(first_is_a=first_is_a)),
        )


class ReadBatch(NamedTuple):
    """What n listings say.

    Attributes:
        a, b: Numbers of their drugs, int32 ``[n]``.
        codes: The label row of each, or :data:`UNREAD`, int32 ``[n]``.
        unmatched: Those that were not read: pair_id, listed_by, description, reason.
    """

    a: Array
    b: Array
    codes: Array
    unmatched: pl.DataFrame


class SentenceReader:
    """Reads listings about the drugs of a release.

    Args:
        drugs: drug_id, name, aliases.
        taxonomy: The vocabulary that raw subtypes collapse into.

    Attributes:
        drug_ids: The id of each drug number, sorted.
        book: The codes given so far.
    """

    def __init__(self, drugs: pl.DataFrame, taxonomy: Taxonomy) -> None:
        self._drugs = drugs.select("drug_id", "name", "aliases").sort("drug_id")
        self._ids = pl.Enum(self._drugs["drug_id"])
        self._texts = Texts.of(self._drugs["name"])
        self._names = lru_cache(_REMEMBERED)(self._names_of)
        self._outcomes = lru_cache(_REMEMBERED)(self._outcome)
        self.drug_ids = self._drugs["drug_id"]
        self.book = CodeBook(taxonomy)

    def read(self, batch: pl.DataFrame) -> ReadBatch:
        """Read pair_id, drug_a, drug_b, listed_by and description of some listings."""
        pairs = batch.select(pl.col("drug_a", "drug_b").cast(self._ids).to_physical().cast(pl.Int32))
        a, b = (pairs[column].to_numpy() for column in pairs.columns)
        codes = self._quick_codes(batch["description"], a, b)
        left = np.flatnonzero(codes == UNREAD)
        sentences = batch["description"].gather(left).to_list()
        rows = zip(a[left].tolist(), b[left].tolist(), sentences, strict=True)
        outcomes = [self._outcomes(*row) for row in rows]
        codes[left] = [UNREAD if isinstance(outcome, str) else outcome for outcome in outcomes]
        reasons = [outcome for outcome in outcomes if isinstance(outcome, str)]
        unread = batch.filter(codes == UNREAD).select("pair_id", "listed_by", "description")
        return ReadBatch(a, b, codes, unread.with_columns(pl.Series("reason", reasons, pl.String)))

    def _quick_codes(self, sentences: pl.Series, a: Array, b: Array) -> Array:
        """The code of each sentence that names both drugs letter for letter, or :data:`UNREAD`."""
        masked = mask_names(sentences, self._texts, a, b).dictionary_encode()
        rows = [self.book.row(text) for text in masked.dictionary.to_pylist()]
        codes = np.array([UNREAD if row is None else self.book.code(row) for row in rows], dtype=np.int32)
        found: Array = codes[masked.indices.to_numpy()]
        return found

    def _outcome(self, a: int, b: int, sentence: str) -> int | str:
        """The code of the most literal reading that a rule matches, or why there is none."""
        best: LabelRow | None = None
        best_rank = 0
        reason = NAMES_NOT_FOUND
        for reading in readings(sentence, self._names(a), self._names(b)):
            reason = NO_TEMPLATE
            if best is not None and reading.rank > best_rank:
                break
            row = self.book.row(reading.masked)
            if row is None or row == best:
                continue
            if best is not None:
                return AMBIGUOUS_NAMES
            best, best_rank = row, reading.rank
        return reason if best is None else self.book.code(best)

    def _names_of(self, drug: int) -> tuple[str, ...]:
        _, name, aliases = self._drugs.row(drug)
        return (name, *aliases)
