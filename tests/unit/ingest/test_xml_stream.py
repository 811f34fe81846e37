from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest

from mard.errors import ReleaseError
from mard.ingest.container import BLOCK_BYTES
from mard.ingest.xml_stream import DrugStream, Root
from tests.releases import NAMESPACE, drug_xml, release_xml

RELEASE = release_xml(*(drug_xml(f"DB{number:05d}", f"Drug {number}") for number in range(1, 2001)))


def read(tmp_path: Path, content: bytes) -> list[str]:
    path = tmp_path / "release.xml"
    path.write_bytes(content)
    return [drug.findtext(f"{{{NAMESPACE}}}name") for drug in DrugStream(path)]


def fail(tmp_path: Path, content: bytes) -> ReleaseError:
    with pytest.raises(ReleaseError) as caught:
        read(tmp_path, content)
    return caught.value


def with_doctype(subset: str, name: str = "A") -> bytes:
    xml = release_xml(drug_xml("DB00001", "NAME")).decode().replace("NAME", name)
    return xml.replace("<drugbank", f"<!DOCTYPE drugbank [{subset}]><drugbank", 1).encode()


def test_drugs_come_in_the_order_of_the_file(tmp_path: Path):
    assert read(tmp_path, RELEASE) == [f"Drug {number}" for number in range(1, 2001)]


def test_the_root_is_known_before_the_drugs(tmp_path: Path):
    path = tmp_path / "release.xml"
    path.write_bytes(RELEASE)
    assert DrugStream(path).root == Root(f"{{{NAMESPACE}}}", "5.1", "2026-04-01")
    path.write_bytes(b"<drugbank/>")
    assert DrugStream(path).root == Root("", "unknown", "unknown")


def test_a_truncated_file_says_where_it_ends(tmp_path: Path):
    cut = len(RELEASE) // 2
    error = fail(tmp_path, RELEASE[:cut])
    assert "the file is truncated" in str(error)
    assert error.offset == cut
    assert error.line == RELEASE[:cut].count(b"\n") + 1


@pytest.mark.parametrize("number", [1, 900, 2000], ids=["first chunk", "middle", "last chunk"])
@pytest.mark.parametrize("newline", [b"\n", b""], ids=["lines", "one line"])
def test_a_malformed_place_is_given_as_line_and_byte(tmp_path: Path, number: int, newline: bytes):
    good = RELEASE.replace(b"\n", newline)
    at = good.index(f"Drug {number}</name>".encode())
    broken = good[:at] + b"1 < 2" + good[at:]
    error = fail(tmp_path, broken)
    assert "not well-formed" in str(error)
    assert error.line == broken[:at].count(b"\n") + 1
    assert error.offset is not None
    assert abs(error.offset - (at + 3)) <= 2  # the space after "<"


def test_an_error_far_from_where_the_parser_notices_it_has_its_own_offset(tmp_path: Path):
    """libxml2 looks for the end of a reference, blocks ahead of the ampersand that begins none."""
    drugs = [drug_xml(f"DB{number:05d}", "word " * 200) for number in range(1, 1_001)]
    drugs[300] = drugs[300].replace("word word", "word & word", 1)
    broken = release_xml(*drugs)
    at = broken.index(b"&")
    assert len(broken) > 6 * BLOCK_BYTES
    error = fail(tmp_path, broken)
    assert str(error).endswith("download the release again")
    assert error.line == broken[:at].count(b"\n") + 1
    assert error.offset is not None
    assert abs(error.offset - at) <= 2


def test_an_undeclared_entity_is_refused_where_it_stands(tmp_path: Path):
    """It is in the first of several blocks; libxml2 only notes it, and begins anew with the second."""
    drugs = [drug_xml(f"DB{number:05d}", "word " * 200) for number in range(1, 501)]
    drugs[3] = drugs[3].replace("word word", "word &nope; word", 1)
    hostile = release_xml(*drugs)
    at = hostile.index(b"&nope;")
    error = fail(tmp_path, hostile)
    assert "Entity 'nope' not defined" in str(error)
    assert str(error).endswith("refused")
    assert (error.line, error.offset) == (hostile[:at].count(b"\n") + 1, at + len(b"&nope;"))


def test_binary_garbage_is_not_xml(tmp_path: Path):
    error = fail(tmp_path, b"\x7fELF" + random.Random(1).randbytes(100_000))
    assert "not well-formed XML" in str(error)
    assert error.offset == 0


def test_white_space_without_end_is_not_a_release(tmp_path: Path):
    assert "no XML element at its start" in str(fail(tmp_path, b" " * 2_000_000))


def test_another_xml_is_named_by_its_root(tmp_path: Path):
    error = fail(tmp_path, b"<html>\n<body>Please sign in</body></html>")
    assert "the root element is <html>, not <drugbank>" in str(error)


BOMB = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
PARAMETER_BOMB = "<!ENTITY % p0 \"<!ENTITY x 'y'>\">" + "".join(
    f'<!ENTITY % p{n} "{f"&#37;p{n - 1};" * 20}">' for n in range(1, 9)
)
HOSTILE = {
    "entity bomb": with_doctype(BOMB, "&a9;"),
    "parameter entity bomb": with_doctype(PARAMETER_BOMB + "%p8;"),
    "external entity": with_doctype('<!ENTITY e SYSTEM "file:///etc/hostname">', "&e;"),
    "external document type": with_doctype("").replace(b"[]", b'SYSTEM "http://127.0.0.1:9/x.dtd"'),
    "harmless document type": with_doctype(""),
    "undeclared entity": release_xml(drug_xml("DB00001", "X").replace("<name>X", "<name>&nope;")),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_document_types_and_entities_are_refused_at_once(tmp_path: Path, content: bytes):
    started = time.monotonic()
    error = fail(tmp_path, content)
    assert str(error).endswith("refused")
    assert time.monotonic() - started < 1


def test_great_depth_is_refused(tmp_path: Path):
    deep = "<x>" * 100_000
    error = fail(tmp_path, RELEASE.replace(b"<synonyms>", deep.encode(), 1))
    assert "Excessive depth" in str(error)


def test_a_drug_is_emptied_once_the_next_is_asked_for(tmp_path: Path):
    path = tmp_path / "release.xml"
    path.write_bytes(RELEASE)
    held = []
    for drug in DrugStream(path):
        assert len(drug) > 0
        held.append(drug)
    assert all(len(drug) == 0 for drug in held)
    assert held[0].getparent() is None


def test_memory_stays_flat(tmp_path: Path):
    """60 MB of drugs, none of it kept: the process must not grow by anything like that."""
    padding = f"<products><product><name>{'x' * 100_000}</name></product></products>"
    path = tmp_path / "big.xml"
    path.write_bytes(release_xml(*(drug_xml(f"DB{n:05d}", "X", extra=padding) for n in range(600))))
    process = psutil.Process()
    before = process.memory_info().rss
    growth = [process.memory_info().rss - before for _ in DrugStream(path)]
    assert len(growth) == 600
    assert max(growth) < 20_000_000
