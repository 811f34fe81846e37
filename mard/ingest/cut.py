"""Most of a release's bytes never need a parser: interaction listings and products.

:func:`cut` takes such a block out of the bytes of some drugs where it can prove, without a parser, that the
block is well-formed and holds what a parser would find. An empty element stays in its place, so what is
left is well-formed exactly when the whole was. A block without proof stays where it is, for lxml to read.

The proof of an interactions block: every ``<`` belongs to a listing of the usual shape (8 tags), and every
``&`` to an entity that XML predefines. Of a products block: the whole of it matches the grammar
record of leaves. Of both: their characters are characters of XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import unescape

import numpy as np

Listings = tuple[list[str], list[str]]
"""Partner ids and descriptions of one drug, as written."""

_LISTING: Final = re.compile(
    r"<drug-interaction>\s*+<drugbank-id>([^<]*+)</drugbank-id>\s*+<name>[^<]*+</name>\s*+"
    r"<description>([^<]*+)</description>\s*+</drug-interaction>"
)
_LISTING_TAGS: Final = 8
_PREDEFINED: Final = re.compile(rb"&(?:amp|lt|gt|quot|apos);")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
_RECORDS: Final = re.compile(
    rb"[^<]*+(?:<product>[^<]*+(?:<([a-z-]++)(?:/>|>[^<]*+</\1>)[^<]*+)*+</product>[^<]*+)*+"
)
_NO_CHARACTERS: Final = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF


@dataclass(frozen=True, slots=True)
class Remainder:
    """What lxml has to read.

    Attributes:
        xml: The bytes, with ``<drug-interactions cut="k"/>`` where the k-th block was.
        listings: The blocks.
    """

    xml: bytes
    listings: list[Listings]


def cut(drugs: bytes) -> Remainder | None:
    """Take out what proves itself; None where comments, CDATA or instructions make tags uncertain.

    Args:
        drugs: Bytes in UTF-8, without carriage returns.
    """
    taken: list[Listings] = []

    def take_listings(inner: bytes) -> bytes | None:
        listings = regular_listings(inner)
        if listings is None:
            return None
        taken.append(listings)
        return b'<drug-interactions cut="%d"/>' % (len(taken) - 1)

    xml = _replaced(drugs, b"drug-interactions", take_listings)
    xml = _replaced(xml, b"products", lambda inner: b"<products/>" if is_record_list(inner) else None)
    if b"<!" in xml or b"<?" in xml:
        return None
    return Remainder(xml, taken)


def _replaced(xml: bytes, tag: bytes, short: Callable[[bytes], bytes | None]) -> bytes:
    """``xml`` with what ``short`` gives for the inside of each ``<tag>...</tag>``, unless that is None."""
    opening, closing = b"<%b>" % tag, b"</%b>" % tag
    pieces, done = [], 0
    start = xml.find(opening)
    while start >= 0 and (end := xml.find(closing, start)) >= 0:
        replacement = short(xml[start + len(opening) : end])
        if replacement is not None:
            pieces += [xml[done:start], replacement]
            done = end + len(closing)
        start = xml.find(opening, end)
    return b"".join([*pieces, xml[done:]])


def regular_listings(inner: bytes) -> Listings | None:
    """The listings inside a ``<drug-interactions>``, or None where its shape is not the usual one."""
    if not _is_text(inner):
        return None
    text = inner.decode()
    rows = _LISTING.findall(text)
    if text.count("<") != _LISTING_TAGS * len(rows):
        return None
    partners, descriptions = [row[0] for row in rows], [row[1] for row in rows]
    if "&" not in text:
        return partners, descriptions
    return [unescape(partner, _QUOTES) for partner in partners], [unescape(d, _QUOTES) for d in descriptions]


def is_record_list(inner: bytes) -> bool:
    """Whether the inside of a ``<products>`` is well-formed: products that hold leaves and nothing else."""
    return _is_text(inner) and _RECORDS.fullmatch(inner) is not None


def _is_text(data: bytes) -> bool:
    """Whether bytes, tags aside, are text of an XML document: its characters, its predefined entities."""
    control = int(np.count_nonzero(np.frombuffer(data, np.uint8) < ord(" ")))
    if control != data.count(b"\n") and control != data.count(b"\n") + data.count(b"\t"):
        return False
    if b"&" in data and len(_PREDEFINED.findall(data)) != data.count(b"&"):
        return False
    if b"]" in data and b"]]>" in data:
        return False
    return data.isascii() or _is_unicode(data)


def _is_unicode(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not any(code in data for code in _NO_CHARACTERS)
