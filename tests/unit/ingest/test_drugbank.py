from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from mard.errors import ReleaseError
from mard.ingest import layout, xml_stream
from mard.ingest.drugbank import ReleaseTables, parse_release
from mard.io import sha256_file
from tests.releases import AXITINIB, DOWN, VORICONAZOLE, drug_xml, release_xml, voriconazole_axitinib_xml


def parse(tmp_path: Path, content: bytes, name: str = "release.xml") -> ReleaseTables:
    path = tmp_path / name
    path.write_bytes(content)
    return parse_release(path)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", " ") + ".xml", content)
    return path


def reasons(tables: ReleaseTables) -> list[tuple[str, str, str]]:
    return tables.rejected.select("listed_by", "other", "reason").rows()


def test_a_pair_keeps_both_listings_under_one_canonical_id(tmp_path: Path):
    tables = parse(tmp_path, voriconazole_axitinib_xml())
    assert tables.interactions.frame().rows() == [
        ("DB00582|DB06626", VORICONAZOLE, AXITINIB, VORICONAZOLE, DOWN),
        ("DB00582|DB06626", VORICONAZOLE, AXITINIB, AXITINIB, DOWN),
    ]
    assert tables.rejected.is_empty()


def test_what_the_release_is_goes_with_its_tables(tmp_path: Path):
    tables = parse(tmp_path, voriconazole_axitinib_xml())
    assert (tables.info.version, tables.info.exported_on) == ("5.1", "2026-04-01")
    assert tables.info.file == "release.xml"
    assert tables.info.sha256 == sha256_file(tmp_path / "release.xml")


def test_every_packing_gives_the_same_tables(tmp_path: Path):
    content = voriconazole_axitinib_xml()
    plain = parse(tmp_path, content)
    zipped(tmp_path / "release.zip", full_database=content)
    for packed in (
        parse(tmp_path, gzip.compress(content), "release.xml.gz"),
        parse_release(tmp_path / "release.zip"),
        parse(tmp_path, gzip.compress(content), "wrongly-named.xml"),
    ):
        for table in ("drugs", "proteins", "pathways", "rejected"):
            assert getattr(packed, table).equals(getattr(plain, table))
        assert packed.interactions.frame().equals(plain.interactions.frame())


LAYOUTS = {
    "no namespace": lambda xml: xml.replace(b' xmlns="http://www.drugbank.ca"', b""),
    "prefixed namespace": lambda xml: (
        xml.replace(b"</", b"</d:").replace(b"<", b"<d:").replace(b"<d:/d:", b"</d:").replace(b"<d:?", b"<?")
    ).replace(b"xmlns=", b"xmlns:d="),
    "byte order mark": lambda xml: b"\xef\xbb\xbf" + xml,
    "utf-16": lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "one line": lambda xml: xml.replace(b"\n", b""),
    "indented": lambda xml: xml.replace(b"><", b">\n      <"),
    "comments": lambda xml: xml.replace(b"<drugbank-id", b"<!-- > <drug> --><drugbank-id").replace(
        b"can be", b"can<!-- still --> be"
    ),
    "CDATA": lambda xml: xml.replace(DOWN.encode(), b"<![CDATA[" + DOWN.encode() + b"]]>"),
    "line breaks": lambda xml: xml.replace(b"can be decreased", b"can be\r\n   decreased"),
    "no names in listings": lambda xml: xml.replace(b"<name>x</name>", b""),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_gives_the_same_interactions(tmp_path: Path, layout):
    content = voriconazole_axitinib_xml()
    changed = layout(content)
    assert changed != content
    expected = parse(tmp_path, content)
    tables = parse(tmp_path, changed)
    assert tables.interactions.frame().equals(expected.interactions.frame())
    assert tables.drugs.equals(expected.drugs)


def test_a_drug_listed_inside_a_pathway_is_not_a_drug(tmp_path: Path):
    pathway = (
        "<pathways><pathway><smpdb-id>SMP0000640</smpdb-id><drugs><drug><drugbank-id>DB00001</drugbank-id>"
        "<name>Lepirudin</name></drug></drugs></pathway></pathways>"
    )
    tables = parse(tmp_path, release_xml(drug_xml(VORICONAZOLE, "Voriconazole", extra=pathway)))
    assert tables.drugs["drug_id"].to_list() == [VORICONAZOLE]
    assert tables.pathways.rows() == [(VORICONAZOLE, "SMP0000640", "smpdb")]


def test_listings_that_make_no_pair_are_rejected_with_the_reason(tmp_path: Path):
    listed = [
        (VORICONAZOLE, "Voriconazole with itself."),
        ("DB99999", "Nobody."),
        ("APRD00123", "Not an id."),
        ("", "No id."),
        (AXITINIB, "  "),
        (AXITINIB, DOWN),
    ]
    tables = parse(
        tmp_path,
        release_xml(
            drug_xml(VORICONAZOLE, "Voriconazole", interactions=listed),
            drug_xml(AXITINIB, "Axitinib"),
        ),
    )
    assert tables.interactions.frame()["description"].to_list() == [DOWN]
    assert reasons(tables) == [
        (VORICONAZOLE, "", "malformed_id"),
        (VORICONAZOLE, "APRD00123", "malformed_id"),
        (VORICONAZOLE, VORICONAZOLE, "self_pair"),
        (VORICONAZOLE, AXITINIB, "no_description"),
        (VORICONAZOLE, "DB99999", "unknown_drug"),
    ]


def test_a_retired_id_stands_for_the_drug_that_holds_it_now(tmp_path: Path):
    tables = parse(
        tmp_path,
        release_xml(
            drug_xml(VORICONAZOLE, "Voriconazole", interactions=[("DB02351", DOWN), ("DB00099", DOWN)]),
            drug_xml(
                AXITINIB, "Axitinib", secondary=["DB02351", "DB00099"], interactions=[("DB02351", DOWN)]
            ),
            drug_xml("DB09000", "Third", secondary=["DB00099"]),
        ),
    )
    assert tables.interactions.frame()["pair_id"].to_list() == ["DB00582|DB06626"]
    assert reasons(tables) == [
        (VORICONAZOLE, "DB00099", "unknown_drug"),  # two drugs claim it
        (AXITINIB, "DB02351", "self_pair"),
    ]


def test_a_drug_without_an_id_or_seen_before_is_rejected_with_its_listings(tmp_path: Path):
    tables = parse(
        tmp_path,
        release_xml(
            drug_xml(VORICONAZOLE, "Voriconazole", interactions=[(AXITINIB, DOWN)]),
            drug_xml(VORICONAZOLE, "Again", interactions=[(AXITINIB, DOWN)]),
            drug_xml(AXITINIB, "Axitinib"),
            drug_xml("none", "Nameless"),
        ),
    )
    assert tables.drugs["name"].to_list() == ["Voriconazole", "Axitinib"]
    assert tables.interactions.height == 1
    assert reasons(tables) == [
        (VORICONAZOLE, "", "duplicate_drug"),
        (VORICONAZOLE, AXITINIB, "duplicate_drug"),
        ("none", "", "malformed_id"),
    ]


def test_two_sentences_of_one_pair_are_both_kept(tmp_path: Path):
    other = "The serum concentration of Axitinib can be increased when it is combined with Voriconazole."
    tables = parse(
        tmp_path,
        release_xml(
            drug_xml(VORICONAZOLE, "Voriconazole", interactions=[(AXITINIB, DOWN), (AXITINIB, other)]),
            drug_xml(AXITINIB, "Axitinib"),
        ),
    )
    assert tables.interactions.frame()["description"].to_list() == [DOWN, other]


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path):
    path = tmp_path / "release.xml.gz"
    path.write_bytes(gzip.compress(voriconazole_axitinib_xml()))
    calls: list[tuple[int, int]] = []
    parse_release(path, on_progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


def many(count: int = 400) -> bytes:
    """A release of several pieces: each drug lists the one before it."""
    return release_xml(
        *(
            drug_xml(f"DB{n:05d}", f"Drug {n}", interactions=[(f"DB{n - 1:05d}", f"Drug {n} may.")])
            for n in range(1, count + 1)
        )
    )


def as_zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("full database.xml", content)
    return packed.getvalue()


PACKINGS = {"release.xml": bytes, "release.xml.gz": gzip.compress, "release.zip": as_zip}


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PIECE_BYTES", 20_000)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("name", PACKINGS)
def test_two_processes_make_the_tables_of_one(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(PACKINGS[name](many()))
    one, two = parse_release(path), parse_release(path, processes=2)
    assert (one.drugs.height, one.interactions.height) == (400, 399)
    for table in ("drugs", "proteins", "pathways", "rejected"):
        assert getattr(one, table).equals(getattr(two, table))
    assert one.interactions.frame().equals(two.interactions.frame())
    assert one.interactions.count_pairs() == two.interactions.count_pairs() == 399
    assert one.info == two.info


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", PACKINGS)
def test_a_fault_in_the_xml_is_found_at_its_byte_in_every_packing(tmp_path: Path, name: str, processes: int):
    content = many()
    at = content.index(b"Drug 333 may.")
    path = tmp_path / name
    path.write_bytes(PACKINGS[name](content[:at] + b"1 < 2" + content[at:]))
    with pytest.raises(ReleaseError, match="not well-formed XML") as caught:
        parse_release(path, processes=processes)
    assert caught.value.offset is not None
    assert abs(caught.value.offset - (at + 3)) <= 2
    assert caught.value.line == content[:at].count(b"\n") + 1


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", PACKINGS)
def test_a_truncated_file_says_where_it_ends(tmp_path: Path, name: str, processes: int):
    packed = PACKINGS[name](many())
    path = tmp_path / name
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(ReleaseError, match="truncated") as caught:
        parse_release(path, processes=processes)
    if name == "release.xml":
        assert caught.value.offset == len(packed) * 2 // 3
    if name == "release.xml.gz":
        assert caught.value.offset is not None  # of the last whole block that could be decompressed


@pytest.mark.parametrize("place", ["description", "product"])
def test_hostile_xml_is_refused_in_what_is_cut_out_too(tmp_path: Path, place: str):
    sold = "<products><product><name>NAME</name></product></products>"
    listed = [(VORICONAZOLE, "TEXT")]
    content = release_xml(
        drug_xml(VORICONAZOLE, "Voriconazole"),
        drug_xml(AXITINIB, "Axitinib", interactions=listed, extra=sold),
    ).replace(b"TEXT" if place == "description" else b"NAME", b"&lol;")
    with pytest.raises(ReleaseError, match="refused"):
        parse(tmp_path, content)
    bomb = b'<!DOCTYPE drugbank [<!ENTITY lol "lol">]><drugbank'
    with pytest.raises(ReleaseError, match="refused"):
        parse(tmp_path, content.replace(b"<drugbank", bomb, 1))


@pytest.mark.parametrize("filling", [b"<x/>", b"\n "], ids=["elements", "space"])
def test_a_bomb_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filling: bytes
):
    monkeypatch.setattr(xml_stream, "LARGEST_DRUG_BYTES", 1 << 20)
    monkeypatch.setattr(layout, "LARGEST_PIECE_BYTES", 1 << 20)
    monkeypatch.setattr(layout, "PIECE_BYTES", 1 << 19)
    content = many(2).replace(b"<synonyms>", b"<synonyms>" + filling * (4_000_000 // len(filling)), 1)
    for name in ("release.xml", "release.xml.gz"):
        with pytest.raises(ReleaseError, match="no drug ends within 1048576 bytes"):
            parse(tmp_path, PACKINGS[name](content), name)


def test_an_xml_without_drugs_is_refused(tmp_path: Path):
    with pytest.raises(ReleaseError, match="holds no drug"):
        parse(tmp_path, release_xml())


def test_drugs_are_sorted_whatever_the_order_of_the_file(tmp_path: Path):
    drugs = [drug_xml(f"DB{number:05d}", f"Drug {number}") for number in (7, 3, 5)]
    table = parse(tmp_path, release_xml(*drugs)).drugs
    assert table["drug_id"].to_list() == ["DB00003", "DB00005", "DB00007"]
    assert table.equals(parse(tmp_path, release_xml(*sorted(drugs))).drugs)
