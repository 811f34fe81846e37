"""The bytes of a release, whatever it is packed in: plain XML, gzip, or a zip with one XML inside.

The packing is told from the first bytes, not from the file's name.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from mard.errors import ReleaseError

BLOCK_BYTES: Final = 1 << 17
SUFFIXES: Final = (".xml", ".xml.gz", ".zip")

OnProgress = Callable[[int, int], None]

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZIP_MAGIC: Final = b"PK"
_DAMAGE: Final = (
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    NotImplementedError,  # zipfile: a version or method it does not know
    UnicodeDecodeError,  # zipfile: a member's name
)


def find_release(path: Path) -> Path:
    """The release file at ``path``: the file itself, or the only release in a folder.

    Raises:
        ReleaseError: Nothing is there, or a folder holds no release or several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise ReleaseError(path, "no such file or folder; put a DrugBank release there or set ingest.release")
    found = sorted(
        file
        for file in path.iterdir()
        if file.is_file() and file.name.lower().endswith(SUFFIXES) and not file.name.startswith(".")
    )
    if len(found) != 1:
        names = f": {', '.join(file.name for file in found)}" if found else ""
        raise ReleaseError(
            path,
            f"expected exactly one release ({', '.join(SUFFIXES)}) in this folder, found {len(found)}{names};"
            " leave one, or set ingest.release to a file",
        )
    return found[0]


def read_blocks(path: Path, on_progress: OnProgress | None = None) -> Iterator[bytes]:
    """The decompressed bytes of a release, block by block.

    ``on_progress`` is called with bytes of the file consumed so far, and its size.

    Raises:
        ReleaseError: The file is empty, unreadable, truncated or damaged, or a zip without exactly
            one XML; with the offset in the decompressed stream where reading stopped.
    """
    size = path.stat().st_size
    offset = 0
    try:
        with path.open("rb") as raw, _unpacked(path, raw) as stream:
            while block := stream.read(BLOCK_BYTES):
                offset += len(block)
                yield block
                if on_progress is not None:
                    on_progress(min(raw.tell(), size), size)
    except _DAMAGE as error:
        problem = f"truncated or damaged archive ({_reason(error)}); download the release again"
        raise ReleaseError(path, problem, offset=offset) from error
    except OSError as error:
        raise ReleaseError(path, f"cannot be read ({error.strerror or error})", offset=offset) from error
    if not offset:
        raise ReleaseError(path, "holds no data; download the release again")


def is_packed(path: Path) -> bool:
    """Whether the bytes of a file have to be decompressed."""
    with path.open("rb") as file:
        return file.read(2) in (_GZIP_MAGIC, _ZIP_MAGIC)


@contextmanager
def _unpacked(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes] | gzip.GzipFile]:
    magic = raw.read(2)
    raw.seek(0)
    if magic == _GZIP_MAGIC:
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream
    elif magic == _ZIP_MAGIC:
        with zipfile.ZipFile(raw) as archive, archive.open(_only_xml(path, archive)) as member:
            yield member
    else:
        yield raw


def _only_xml(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        item
        for item in archive.infolist()
        if item.filename.lower().endswith(".xml") and not item.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(item.filename for item in members[:5]) or "none"
        raise ReleaseError(path, f"expected exactly one XML in this zip, found {len(members)} ({names})")
    if members[0].flag_bits & 0x1:
        raise ReleaseError(path, "the zip is encrypted; unpack it first")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReleaseError(path, "the zip uses an unusual compression method; unpack it first")
    return members[0]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
