"""The ``<drug>`` elements of a DrugBank XML, one at a time, from a parser that trusts nothing.

Memory stays flat: each drug is emptied and detached once its consumer asks for the next. Document
types, and with them every entity, are refused; nothing is fetched; depth and text size keep
libxml2's limits, and a drug has a largest size, so that no bomb fills the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from lxml import etree

from mard.errors import ReleaseError
from mard.ingest.container import OnProgress, read_blocks

LARGEST_DRUG_BYTES: Final = 1 << 27
_PROLOG_BLOCKS: Final = 8
HARDENED: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


@dataclass(frozen=True, slots=True)
class Root:
    """The root element. ``prefix`` comes before every tag: ``{http://www.drugbank.ca}`` or nothing."""

    prefix: str
    version: str
    exported_on: str


class DrugStream:
    """Iterates over the drugs of a release; :attr:`root` is known from the start.

    Raises:
        ReleaseError: At construction when the file is not a DrugBank release, during iteration when
            it turns out to be truncated or malformed; with line and byte offset.
    """

    def __init__(self, path: Path, on_progress: OnProgress | None = None) -> None:
        self._path = path
        self._blocks = read_blocks(path, on_progress)
        head: list[bytes] = []
        self.root = self._read_root(head)
        self._blocks = chain(head, self._blocks)

    def _read_root(self, head: list[bytes]) -> Root:
        """Look at the root element; the blocks read so far are left in ``head``."""
        parser = etree.XMLPullParser(events=("start",), **HARDENED)
        place = _Place()
        for block in self._blocks:
            head.append(block)
            self._feed(parser, block, place)
            for _, element in parser.read_events():
                return self._check_root(element)
            if len(head) == _PROLOG_BLOCKS:
                break
        raise ReleaseError(self._path, "no XML element at its start; this is not a DrugBank release")

    def _check_root(self, element: Any) -> Root:
        docinfo = element.getroottree().docinfo
        if docinfo.doctype or docinfo.internalDTD is not None:
            raise ReleaseError(
                self._path,
                "declares a document type, which DrugBank does not and which can hide entities; refused",
            )
        name = etree.QName(element)
        if name.localname != "drugbank":
            raise ReleaseError(
                self._path,
                f"the root element is <{name.localname}>, not <drugbank>; give the full-database XML",
                line=element.sourceline,
            )
        prefix = f"{{{name.namespace}}}" if name.namespace else ""
        return Root(prefix, element.get("version", "unknown"), element.get("exported-on", "unknown"))

    def __iter__(self) -> Iterator[Any]:
        parser = etree.XMLPullParser(events=("end",), tag=f"{self.root.prefix}drug", **HARDENED)
        place = _Place()
        finished = 0
        for block in self._blocks:
            self._feed(parser, block, place)
            for drug in _top_level(parser):
                yield drug
                finished = place.bytes
            if place.bytes - finished > LARGEST_DRUG_BYTES:
                problem = f"no drug ends within {LARGEST_DRUG_BYTES} bytes; this is not a DrugBank release"
                raise ReleaseError(self._path, problem, line=place.lines + 1, offset=place.bytes)
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            for entry in parser.feed_error_log:
                if _is_about_entities(entry.message):  # noticed on the way, raised only here
                    raise self._malformed(entry.message, entry.line) from error
            problem = f"ends in the middle ({_message(error.msg)}); the file is truncated, download it again"
            raise ReleaseError(self._path, problem, line=place.lines + 1, offset=place.bytes) from error

    def _feed(self, parser: Any, block: bytes, place: _Place) -> None:
        try:
            parser.feed(block)
        except etree.XMLSyntaxError as error:
            line, column = error.position
            raise self._malformed(error.msg, line, place.offset(block, line, column)) from error
        place.advance(block)

    def _malformed(self, message: str, line: int, offset: int | None = None) -> ReleaseError:
        advice = "download the release again"
        if _is_about_entities(message):
            advice = "DrugBank uses no entities of its own; refused"
        problem = f"not well-formed XML ({_message(message)}); {advice}"
        return ReleaseError(self._path, problem, line=line, offset=offset)


def _is_about_entities(message: str) -> bool:
    return "entity" in message.lower()


def _message(text: str) -> str:
    """libxml2's words without the place, which the error states itself."""
    return " ".join(text.partition(", line ")[0].split())


class _Place:
    """How far the parser has been fed, so that its line and column become a byte offset."""

    def __init__(self) -> None:
        self.bytes = 0
        self.lines = 0
        self._line_start = 0

    def advance(self, block: bytes) -> None:
        self.lines += block.count(b"\n")
        last = block.rfind(b"\n")
        if last >= 0:
            self._line_start = self.bytes + last + 1
        self.bytes += len(block)

    def offset(self, block: bytes, line: int, column: int) -> int:
        """Byte offset of a place in the block being fed; ``line`` and ``column`` count from 1."""
        start = -1
        for _ in range(line - 1 - self.lines):
            start = block.find(b"\n", start + 1)
        line_start = self._line_start if start < 0 else self.bytes + start + 1
        return line_start + max(column - 1, 0)


def _top_level(parser: Any) -> Iterator[Any]:
    """Finished drugs under the root; the drugs that a pathway lists are not among them."""
    for _, drug in parser.read_events():
        root = drug.getparent()
        if root is None or root.getparent() is not None:
            continue
        yield drug
        drug.clear()
        while drug.getprevious() is not None:
            del root[0]
