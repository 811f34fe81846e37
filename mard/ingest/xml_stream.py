"""The ``<drug>`` elements of a DrugBank XML, one at a time, from a parser that trusts nothing.

Memory stays flat: each drug is emptied and detached once its consumer asks for the next. Document
types, and with them every entity, are refused; nothing is fetched; depth and text size keep
libxml2's limits, and a drug has a largest size, so that no bomb fills the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from lxml import etree

from mard.errors import ReleaseError
from mard.ingest.container import OnProgress, read_blocks

_ADVICE: Final = re.compile(r", (?:try|use|see) .*")
_ENTITY: Final = re.compile(r"\bentity\b", re.IGNORECASE)
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
        for block in self._blocks:
            head.append(block)
            self._feed(parser, block)
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
        fed = finished = lines = 0
        for block in self._blocks:
            self._feed(parser, block)
            fed, lines = fed + len(block), lines + block.count(b"\n")
            for drug in _top_level(parser):
                yield drug
                finished = fed
            if fed - finished > LARGEST_DRUG_BYTES:
                problem = f"no drug ends within {LARGEST_DRUG_BYTES} bytes; this is not a DrugBank release"
                raise ReleaseError(self._path, problem, line=lines + 1, offset=fed)
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            if error.position[0] <= lines:  # the parser was still looking for the end of something
                raise self._malformed(error.msg, *error.position) from error
            problem = f"ends in the middle ({_message(error.msg)}); the file is truncated, download it again"
            raise ReleaseError(self._path, problem, line=lines + 1, offset=fed) from error

    def _feed(self, parser: Any, block: bytes) -> None:
        try:
            parser.feed(block)
        except etree.XMLSyntaxError as error:
            raise self._malformed(error.msg, *error.position) from error
        for entry in parser.feed_error_log:  # an undeclared entity is noted here, and raised nowhere
            if entry.level == etree.ErrorLevels.FATAL:
                raise self._malformed(entry.message, entry.line, entry.column)

    def _malformed(self, message: str, line: int, column: int) -> ReleaseError:
        advice = "download the release again"
        if _ENTITY.search(message):
            advice = "DrugBank uses no entities of its own; refused"
        problem = f"not well-formed XML ({_message(message)}); {advice}"
        return ReleaseError(self._path, problem, line=line, offset=self._offset(line, column))

    def _offset(self, line: int, column: int) -> int:
        """Byte offset of a place, both counted from 1; read again, since the parser may be blocks ahead."""
        before, missing = 0, line - 1
        for block in read_blocks(self._path):
            breaks = block.count(b"\n")
            if breaks >= missing:
                start = 0
                for _ in range(missing):
                    start = block.index(b"\n", start) + 1
                return before + start + max(column - 1, 0)
            before, missing = before + len(block), missing - breaks
        return before


def _message(text: str) -> str:
    """libxml2's words without the place, which the error states itself, and without advice to programmers."""
    return " ".join(_ADVICE.sub("", text.partition(", line ")[0]).split())


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
