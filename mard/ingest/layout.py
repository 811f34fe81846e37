"""A release in the layout that DrugBank ships, as pieces that can be read independently of each other.

A top-level drug begins a line with ``<drug type=``; the drugs that a pathway lists do not. Pieces are cut
there and nowhere else. That is a guess about the file, and whoever reads a piece must prove it: between the
:class:`Envelope`'s head and foot, a piece has to be a well-formed document.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from mard.ingest.container import is_packed, read_blocks
from mard.ingest.xml_stream import HARDENED

PIECE_BYTES: Final = 8 << 20
LARGEST_PIECE_BYTES: Final = 8 * PIECE_BYTES

_CUT: Final = b"\n<drug type="
_FOOT: Final = b"</drugbank>"
_TAIL_BYTES: Final = 1 << 12


class UnusualLayout(Exception):
    """Not the layout that DrugBank ships: the release has to be read as one document."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds the drugs: the bytes up to the first one, and the end tag of the root."""

    head: bytes
    foot: bytes = _FOOT


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole drugs of a file.

    Attributes:
        start: Offset in the decompressed bytes.
        size: Length in bytes.
        consumed: Bytes of the file that are done with when this piece is.
        data: The bytes, or None where whoever needs them reads them from the file.
        last: Whether the foot is part of it.
    """

    start: int
    size: int
    consumed: int
    data: bytes | None = None
    last: bool = False

    def read(self, path: Path) -> bytes:
        """The bytes of this piece."""
        if self.data is not None:
            return self.data
        with path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), self.size, self.start)


def find_envelope(path: Path) -> Envelope:
    """What comes before the first drug.

    Raises:
        UnusualLayout: There is no such cut, or something other than the start of a UTF-8 document.
    """
    first = next(read_blocks(path))
    head, found, _ = first.partition(_CUT)
    if not found:
        raise UnusualLayout
    try:
        root = etree.fromstring(head + _FOOT, etree.XMLParser(**HARDENED))
    except etree.XMLSyntaxError as error:
        raise UnusualLayout from error
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    if len(root) or encoding.upper() != "UTF-8":
        raise UnusualLayout
    return Envelope(head)


def read_pieces(path: Path, envelope: Envelope) -> Iterator[Piece]:
    """The pieces of a file, in order; of a plain file only their places.

    Raises:
        ReleaseError: The file cannot be read on.
        UnusualLayout: There is no place to cut where one is needed.
    """
    start = len(envelope.head)
    return _packed_pieces(path, start) if is_packed(path) else _plain_pieces(path, start)


def _plain_pieces(path: Path, start: int) -> Iterator[Piece]:
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        if _FOOT not in os.pread(file.fileno(), _TAIL_BYTES, max(size - _TAIL_BYTES, 0)):
            raise UnusualLayout  # truncated: the other way says where
        while start < size:
            stop = _next_cut(file.fileno(), start + PIECE_BYTES, size)
            yield Piece(start, stop - start, stop, last=stop == size)
            start = stop


def _next_cut(file: int, position: int, size: int) -> int:
    limit = position + LARGEST_PIECE_BYTES
    while position < size:
        window = os.pread(file, 1 << 18, position)
        found = window.find(_CUT)
        if found >= 0:
            return position + found
        position += max(len(window) - len(_CUT) + 1, 1)
        if position > limit:
            raise UnusualLayout
    return size


def _packed_pieces(path: Path, start: int) -> Iterator[Piece]:
    consumed = 0

    def note(done: int, _: int) -> None:
        nonlocal consumed
        consumed = done

    buffer, skip, wanted = bytearray(), start, PIECE_BYTES
    for block in read_blocks(path, note):
        buffer += block[skip:]
        skip = max(skip - len(block), 0)
        if len(buffer) < wanted:
            continue
        stop = buffer.rfind(_CUT, 1)
        if stop < 0 and wanted >= LARGEST_PIECE_BYTES:
            raise UnusualLayout
        if stop < 0:
            wanted *= 2
            continue
        yield Piece(start, stop, consumed, bytes(memoryview(buffer)[:stop]))
        start += stop
        del buffer[:stop]
        wanted = PIECE_BYTES
    yield Piece(start, len(buffer), path.stat().st_size, bytes(buffer), last=True)
