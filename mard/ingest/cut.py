"""Most of a release's bytes never need a parser: interaction listings and products.

:func:`cut` takes such a block out of the bytes of some drugs where it can prove, without a parser, that the
block is well-formed and holds what a parser would find. An empty element stays in its place, so what is
left is well-formed exactly when the whole was. A block without proof stays where it is, for lxml to read.

The proof of an interactions block: every ``<`` belongs to a listing of the usual shape (8 tags), and every
``&`` to an entity that XML predefines. Of a products block: the whole of it is products
that hold leaves without attributes. Of both: every character is one of XML.
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

Short = Callable[[bytes, int, int], bytes | None]
"""What stands for ``xml[start:stop]``, the inside of an element, or None where it has to stay."""

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

    def take_listings(xml: bytes, start: int, stop: int) -> bytes | None:
        listings = regular_listings(xml, start, stop)
        if listings is None:
            return None
        taken.append(listings)
        return b'<drug-interactions cut="%d"/>' % (len(taken) - 1)

    xml = _replaced(drugs, b"drug-interactions", take_listings)
    xml = _replaced(xml, b"products", _take_products)
    return None if _has_more_than_tags(xml) else Remainder(xml, taken)


def _take_products(xml: bytes, start: int, stop: int) -> bytes | None:
    return b"<products/>" if is_record_list(xml, start, stop) else None


def _replaced(xml: bytes, tag: bytes, short: Short) -> bytes:
    """``xml`` with what ``short`` gives for the inside of each ``<tag>...</tag>``, unless that is None."""
    opening, closing = b"<%b>" % tag, b"</%b>" % tag
    pieces, done = [], 0
    start = xml.find(opening)
    while start >= 0 and (stop := xml.find(closing, start)) >= 0:
        replacement = short(xml, start + len(opening), stop)
        if replacement is not None:
            pieces += [xml[done:start], replacement]
            done = stop + len(closing)
        start = xml.find(opening, stop)
    return b"".join([*pieces, xml[done:]])


def regular_listings(xml: bytes, start: int, stop: int) -> Listings | None:
    """The listings inside a ``<drug-interactions>``, or None where its shape is not the usual one."""
    if not _is_text(xml, start, stop):
        return None
    text = xml[start:stop].decode()
    rows = _LISTING.findall(text)
    if text.count("<") != _LISTING_TAGS * len(rows):
        return None
    partners, descriptions = [row[0] for row in rows], [row[1] for row in rows]
    if "&" not in text:
        return partners, descriptions
    return [unescape(partner, _QUOTES) for partner in partners], [unescape(d, _QUOTES) for d in descriptions]


def is_record_list(xml: bytes, start: int, stop: int) -> bool:
    """Whether the inside of a ``<products>`` is well-formed: products that hold leaves and nothing else."""
    return _is_text(xml, start, stop) and _RECORDS.fullmatch(xml, start, stop) is not None


def _is_text(xml: bytes, start: int, stop: int) -> bool:
    """Whether bytes, tags aside, are text of an XML document: its characters, its predefined entities."""
    codes = np.frombuffer(xml, np.uint8)[start:stop]
    if np.count_nonzero(codes < ord(" ")) != np.count_nonzero((codes == ord("\n")) | (codes == ord("\t"))):
        return False
    entities = np.count_nonzero(codes == ord("&"))
    if entities and len(_PREDEFINED.findall(xml, start, stop)) != entities:
        return False
    if xml.find(b"]", start, stop) >= 0 and xml.find(b"]]>", start, stop) >= 0:
        return False
    return int(codes.max(initial=0)) < 128 or _is_unicode(xml[start:stop])


def _is_unicode(data: bytes) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return "\ufffe" not in text and "\uffff" not in text


def _has_more_than_tags(xml: bytes) -> bool:
    """Whether a comment, CDATA, a declaration or an instruction begins somewhere."""
    return any(part.endswith(b"<") for mark in (b"!", b"?") for part in xml.split(mark)[:-1])
