"""Reading the label of every row of a table against a compiled cascade that is run on every row.

The peer masks both drugs' names with word-boundary expressions, each compiled once, and tries the rules in
turn; where that finds nothing it goes through the drugs' aliases, longest first. It is handed its rows
ready made. Ours starts from the table. Both end with one label (family, raw subtype, direction, polarity) a
row, which is what ``speedup_vs_cascade`` compares; ``speedup_with_tables`` in the details holds against the
peer's rows all that the stage does: one label a pair too, conflicts, templates. ``differences`` counts rows
whose label differs between the two, over all rows.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from statistics import median
from typing import Any, TypeVar

import numpy as np
import polars as pl

from benchmarks._memory import peak_mb_of
from benchmarks.synthetic import corpus
from mard.label.labelling import BATCH_ROWS, label_interactions
from mard.label.masking import A_MARK, B_MARK, to_template
from mard.label.reading import UNREAD, Array, LabelRow, SentenceReader
from mard.label.taxonomy import load_taxonomy
from mard.label.templates import classify

DEFAULT_SCALE = 0.1
ROUNDS = 5

T = TypeVar("T")

Row = tuple[str, str, str]
Label = tuple[str, str, str, str]


def run(scale: float) -> tuple[dict[str, float], dict[str, Any]]:
    """Rows a second of both; between two of our runs over all rows the peer reads a fifth of them."""
    tables = corpus(scale)
    interactions, drugs, taxonomy = tables.interactions, tables.drugs, load_taxonomy()
    whole = partial(label_interactions, interactions, drugs, taxonomy)
    read = partial(_read_rows, interactions, drugs)
    label_interactions(interactions.head(1), drugs, taxonomy)  # compiles
    peak_mb, labelled = peak_mb_of(whole)
    rows = interactions.select("description", "drug_a", "drug_b").rows()
    gc.freeze()  # collecting garbage among the peer's rows is no part of either
    peer = Cascade(drugs)
    ours, with_tables, theirs = [], [], []
    heard: list[Label | None] = [None] * len(rows)
    for start in range(ROUNDS):
        part = rows[start::ROUNDS]
        seconds, heard[start::ROUNDS] = _timed(partial(peer.read_all, part))
        theirs.append(len(part) / seconds)
        ours.append(len(rows) / _timed(read)[0])
        with_tables.append(len(rows) / _timed(whole)[0])
    speed, whole_speed, peer_speed = median(ours), median(with_tables), median(theirs)
    differences = sum(one != other for one, other in zip(_row_labels(*read()), heard, strict=True))
    return {"speedup_vs_cascade": speed / peer_speed, "differences": differences}, {
        "speedup_with_tables": whole_speed / peer_speed,
        "rows": len(rows),
        "pairs": labelled.labels.height,
        "templates": labelled.templates.height,
        "unmatched": labelled.unmatched.height,
        "conflicts": labelled.conflicts.height,
        "rows_through_aliases": peer.fallbacks,
        "rows_a_second": round(speed),
        "rows_a_second_with_tables": round(whole_speed),
        "cascade_rows_a_second": round(peer_speed),
        "empty_loop_rows_a_second": round(len(rows) / _timed(partial(_loop, rows))[0]),
        "peak_mb": peak_mb,
    }


class Cascade:
    """The peer: one row at a time.

    Attributes:
        fallbacks: Rows that the primary names alone did not read.
    """

    def __init__(self, drugs: pl.DataFrame) -> None:
        self._names = {
            drug: (name, sorted(aliases, key=len, reverse=True))
            for drug, name, aliases in drugs.select("drug_id", "name", "aliases").iter_rows()
        }
        self.fallbacks = 0

    def read_all(self, rows: Iterable[Row]) -> list[Label | None]:
        """The label of each sentence about two drugs."""
        return [self._read(*row) for row in rows]

    def _read(self, sentence: str, drug_a: str, drug_b: str) -> Label | None:
        (name_a, aliases_a), (name_b, aliases_b) = self._names[drug_a], self._names[drug_b]
        label = _label(sentence, name_a, name_b)
        if label is not None:
            return label
        self.fallbacks += 1
        pairs = product((name_a, *aliases_a), (name_b, *aliases_b))
        heard = (_label(sentence, a, b) for a, b in pairs if a in sentence and b in sentence)
        return next((label for label in heard if label is not None), None)


def _label(sentence: str, a: str, b: str) -> Label | None:
    if len(a) >= len(b):
        masked = _whole_word(b).sub(B_MARK, _whole_word(a).sub(A_MARK, sentence))
    else:
        masked = _whole_word(a).sub(A_MARK, _whole_word(b).sub(B_MARK, sentence))
    template, first_is_a = to_template(masked)
    label = classify(template)
    if label is None:
        return None
    direction = label.order.direction(first_is_a=first_is_a)
    return str(label.family), label.raw_subtype, str(direction), str(label.polarity)


@cache
def _whole_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _read_rows(interactions: pl.DataFrame, drugs: pl.DataFrame) -> tuple[Array, list[LabelRow]]:
    """The code of each row, and what the codes mean."""
    reader = SentenceReader(drugs, load_taxonomy())
    codes = [reader.read(batch).codes for batch in interactions.iter_slices(BATCH_ROWS)]
    return np.concatenate(codes), reader.book.rows


def _row_labels(codes: Array, rows: Sequence[LabelRow]) -> Iterator[Label | None]:
    said = [(row.family, row.raw_subtype, row.direction, row.polarity) for row in rows]
    return (None if code == UNREAD else said[code] for code in codes)


def _loop(rows: Iterable[Row]) -> None:
    for _ in rows:
        pass


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
