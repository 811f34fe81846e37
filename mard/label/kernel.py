"""Both drugs' primary names in millions of sentences become marks, in one compiled pass over the bytes.

The pass looks for names letter for letter and knows no word boundaries. That is enough, because the
grammar of :mod:`mard.label.templates` spells out what stands beside a name, and that is never a letter:
a sentence in which a name was cut out of a longer word fits no rule, and is read again by
:func:`mard.label.masking.readings`, which minds boundaries. Where a rule does fit, both find the same.
"""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from numba import njit

from mard.label.masking import A_MARK, B_MARK

Array = npt.NDArray[Any]

_A: Final = ord(A_MARK)
_B: Final = ord(B_MARK)

_Place: Final = np.uint64  # places never count from the end: half of the time goes without that check
_ONE: Final = _Place(1)


class Texts:
    """A column of n texts as bytes on end.

    Attributes:
        data: UTF-8, uint8.
        starts: Where each text begins, and where the last ends, int64 ``[n + 1]``.
    """

    def __init__(self, data: Array, starts: Array) -> None:
        self.data = data
        self.starts = starts

    @classmethod
    def of(cls, column: pl.Series) -> Self:
        """The bytes of a column without nulls."""
        array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        _, starts, data = array.buffers()
        used = slice(array.offset, array.offset + len(array) + 1)
        empty = b"" if data is None else data
        return cls(np.frombuffer(empty, dtype=np.uint8), np.frombuffer(starts, dtype=np.int64)[used])


def mask_names(sentences: pl.Series, names: Texts, a: Array, b: Array) -> pa.LargeStringArray:
    """Each sentence with marks for its drugs' names, wherever they occur, the longer one where both begin.

    Args:
        sentences: ``[n]``, without nulls.
        names: The primary name of every drug. An empty one is never found.
        a: Rows of ``names``, drug A of each sentence ``[n]``.
        b: The same of drug B.
    """
    texts = Texts.of(sentences)
    starts = np.zeros(len(sentences) + 1, dtype=np.int64)
    masked = np.empty(len(texts.data), dtype=np.uint8)
    padded = np.append(names.data, np.uint8(0))  # so that even an empty last name has a first byte
    _mask(texts.data, texts.starts, padded, names.starts, a, b, masked, starts)
    return pa.LargeStringArray.from_buffers(len(sentences), pa.py_buffer(starts), pa.py_buffer(masked))


@njit(nogil=True, cache=True)
def _mask(
    text: Array, starts: Array, names: Array, limits: Array, a: Array, b: Array, masked: Array, ends: Array
) -> None:
    end = _Place(0)
    for row in range(len(a)):
        long, short, long_mark, short_mark = a[row], b[row], _A, _B
        if limits[short + 1] - limits[short] > limits[long + 1] - limits[long]:
            long, short, long_mark, short_mark = short, long, short_mark, long_mark
        long_from, short_from = _Place(limits[long]), _Place(limits[short])
        long_size, short_size = _Place(limits[long + 1]) - long_from, _Place(limits[short + 1]) - short_from
        long_lead, short_lead = names[long_from], names[short_from]
        place, stop = _Place(starts[row]), _Place(starts[row + 1])
        while place < stop:
            copied = place
            while place < stop and text[place] != long_lead and text[place] != short_lead:
                place += _ONE
            for offset in range(place - copied):
                masked[end + offset] = text[copied + offset]
            end += place - copied
            if place == stop:
                break
            if _stands(names, long_from, long_size, text, place, stop):
                masked[end] = long_mark
                place += long_size
            elif _stands(names, short_from, short_size, text, place, stop):
                masked[end] = short_mark
                place += short_size
            else:
                masked[end] = text[place]
                place += _ONE
            end += _ONE
        ends[row + 1] = end


@njit(nogil=True, cache=True)
def _stands(names: Array, start: int, size: int, text: Array, place: int, stop: int) -> bool:
    """Whether a name of ``size`` bytes begins at ``place`` of a text that goes to ``stop``."""
    if size > stop - place:
        return False
    offset = _Place(0)
    while offset < size and text[place + offset] == names[start + offset]:
        offset += _ONE
    return bool(offset == size > 0)
