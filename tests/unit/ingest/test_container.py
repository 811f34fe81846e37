from __future__ import annotations

import gzip
import random
import zipfile
from pathlib import Path

import pytest

from mard.errors import ReleaseError
from mard.ingest.container import find_release, read_blocks


def fail(path: Path) -> ReleaseError:
    with pytest.raises(ReleaseError) as caught:
        list(read_blocks(path))
    return caught.value


NOISE = random.Random(7).randbytes(600_000)


def test_a_release_is_found_as_a_file_or_as_the_only_one_in_a_folder(tmp_path: Path):
    release = tmp_path / "full database.zip"
    release.touch()
    (tmp_path / "README.md").touch()
    (tmp_path / ".hidden.xml").touch()
    assert find_release(release) == release
    assert find_release(tmp_path) == release


def test_no_release_or_several_are_refused_by_name(tmp_path: Path):
    with pytest.raises(ReleaseError, match=r"expected exactly one release .* found 0"):
        find_release(tmp_path)
    (tmp_path / "a.xml").touch()
    (tmp_path / "b.xml.gz").touch()
    with pytest.raises(ReleaseError, match=r"found 2: a\.xml, b\.xml\.gz"):
        find_release(tmp_path)
    with pytest.raises(ReleaseError, match="no such file or folder"):
        find_release(tmp_path / "nowhere")


def test_an_empty_file_is_refused(tmp_path: Path):
    for name, content in (("empty.xml", b""), ("empty.xml.gz", gzip.compress(b""))):
        path = tmp_path / name
        path.write_bytes(content)
        assert "holds no data" in str(fail(path))


def test_a_truncated_gzip_says_where_it_ends(tmp_path: Path):
    packed = gzip.compress(NOISE)
    path = tmp_path / "release.xml.gz"
    path.write_bytes(packed[: len(packed) // 2])
    error = fail(path)
    assert "truncated or damaged" in str(error)
    assert error.offset is not None
    assert 0 < error.offset <= len(NOISE) // 2


def test_a_gzip_with_a_flipped_byte_is_refused(tmp_path: Path):
    packed = bytearray(gzip.compress(b"<drugbank>" + bytes(1000) + NOISE))
    packed[-6] ^= 0xFF  # the checksum
    path = tmp_path / "release.xml.gz"
    path.write_bytes(packed)
    assert "CRC" in str(fail(path))


def test_a_truncated_or_damaged_zip_is_refused(tmp_path: Path):
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("full database.xml", NOISE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "truncated or damaged" in str(fail(path))
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path.write_bytes(damaged)
    assert "truncated or damaged" in str(fail(path))


def test_a_zip_needs_exactly_one_xml(tmp_path: Path):
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "")
        archive.writestr("__MACOSX/full database.xml", "")
    assert "found 0 (none)" in str(fail(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.xml", "<a/>")
        archive.writestr("two.xml", "<b/>")
    assert "found 2 (one.xml, two.xml)" in str(fail(path))


def test_an_encrypted_or_oddly_compressed_zip_is_refused(tmp_path: Path):
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("one.xml", "<a/>")
    assert "unusual compression" in str(fail(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.xml", "<a/>")
    locked = bytearray(path.read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert "encrypted" in str(fail(path))


def test_an_unreadable_file_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "release.xml"
    path.write_text("<drugbank/>")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert str(fail(path)) == f"{path}, byte 0: cannot be read (Permission denied)"
