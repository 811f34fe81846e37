from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from mard.errors import ReleaseError
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


def test_an_xml_without_drugs_is_refused(tmp_path: Path):
    with pytest.raises(ReleaseError, match="holds no drug"):
        parse(tmp_path, release_xml())


def test_drugs_are_sorted_whatever_the_order_of_the_file(tmp_path: Path):
    drugs = [drug_xml(f"DB{number:05d}", f"Drug {number}") for number in (7, 3, 5)]
    table = parse(tmp_path, release_xml(*drugs)).drugs
    assert table["drug_id"].to_list() == ["DB00003", "DB00005", "DB00007"]
    assert table.equals(parse(tmp_path, release_xml(*sorted(drugs))).drugs)
