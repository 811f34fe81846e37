"""The drugs of a release, portion by portion: quickly where its layout allows, as one document where not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from lxml import etree

from mard.ingest.container import OnProgress
from mard.ingest.cut import Listings, cut
from mard.ingest.extract import DrugReader, DrugRecord
from mard.ingest.layout import Envelope, Piece, UnusualLayout, find_envelope, read_pieces
from mard.ingest.portion import Portion
from mard.ingest.processes import map_in_order
from mard.ingest.xml_stream import HARDENED, DrugStream

_PORTION_LISTINGS: Final = 50_000
_PORTION_DRUGS: Final = 2_000


def read_quickly(
    file: Path, prefix: str, processes: int, on_progress: OnProgress | None = None
) -> Iterator[Portion]:
    """Pieces of the file, each cut and read by itself.

    Raises:
        ReleaseError: The file cannot be read on.
        UnusualLayout: Pieces of this file do not make sense by themselves; read it :func:`read_plainly`.
    """
    envelope = find_envelope(file)
    size = file.stat().st_size
    read = partial(read_piece, file, envelope, prefix)
    for consumed, portion in map_in_order(read, read_pieces(file, envelope), processes):
        yield portion
        if on_progress is not None:
            on_progress(consumed, size)


def read_plainly(drugs: DrugStream) -> Iterator[Portion]:
    """The same from a parser that reads the whole document."""
    reader = DrugReader(drugs.root.prefix)
    gathered: list[tuple[DrugRecord, Listings]] = []
    for drug in drugs:
        gathered.append((reader.read(drug), reader.listings(reader.listings_block(drug))))
        if len(gathered) == _PORTION_DRUGS or sum(len(ids) for _, (ids, _) in gathered) > _PORTION_LISTINGS:
            yield Portion.of(gathered)
            gathered = []
    yield Portion.of(gathered)


def read_piece(file: Path, envelope: Envelope, prefix: str, piece: Piece) -> tuple[int, Portion]:
    """The drugs of one piece, and the bytes of the file that are done with.

    Raises:
        UnusualLayout: The piece is not a whole number of drugs.
    """
    drugs = piece.read(file)
    if b"\r" in drugs:
        drugs = drugs.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    foot = b"" if piece.last else envelope.foot
    reader = DrugReader(prefix)
    remainder = cut(drugs)
    read = None
    if remainder is not None:
        document = b"".join((envelope.head, remainder.xml, foot))
        read = _read_document(document, reader, remainder.listings)
    if read is None:
        read = _read_document(b"".join((envelope.head, drugs, foot)), reader, [])
    if read is None:
        raise UnusualLayout
    return piece.consumed, Portion.of(read)


def _read_document(
    document: bytes, reader: DrugReader, taken: list[Listings]
) -> list[tuple[DrugRecord, Listings]] | None:
    """The drugs of a document; None if it is not well-formed, or not all of ``taken`` find their drug."""
    try:
        root = etree.fromstring(document, etree.XMLParser(**HARDENED))
    except etree.XMLSyntaxError:
        return None
    drugs = list(root.iterchildren(reader.prefix + "drug"))
    blocks = [reader.listings_block(drug) for drug in drugs]
    cuts = [None if block is None or not taken else block.get("cut") for block in blocks]
    if [at for at in cuts if at is not None] != [str(at) for at in range(len(taken))]:
        return None
    ahead = iter(taken)
    return [
        (reader.read(drug), reader.listings(block) if at is None else next(ahead))
        for drug, block, at in zip(drugs, blocks, cuts, strict=True)
    ]
