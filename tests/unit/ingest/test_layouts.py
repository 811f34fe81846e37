"""Whatever the layout of a release, its tables are those that a plain parser of the whole tree finds.

Releases, their layouts and their damage are drawn; the plain parser shares no code with the real one.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from mard.errors import ReleaseError
from mard.ingest import layout
from mard.ingest.drugbank import ReleaseTables, parse_release

IDS = tuple(f"DB{number:05d}" for number in range(1, 9))
RETIRED, NOBODY = ("DB00091", "DB00092"), "DB77777"
THOROUGH = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# --- the plain parser -----------------------------------------------------------------------------


def plain(content: bytes) -> dict[str, Any]:
    """Rows of drugs, interactions and rejected."""
    parser = etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True)
    root = etree.fromstring(content, parser)
    space = etree.QName(root).namespace
    path = {"d": space} if space else {}
    step = "d:" if space else ""
    drugs: dict[str, list[str]] = {}
    listings = []
    refused = 0
    for drug in root.xpath(f"{step}drug", namespaces=path):
        ids = [squeezed(item) for item in drug.xpath(f"{step}drugbank-id", namespaces=path)]
        block = drug.xpath(f"{step}drug-interactions[1]/{step}drug-interaction", namespaces=path)
        rows = [
            tuple(
                squeezed(next(iter(item.xpath(f"{step}{tag}", namespaces=path)), None))
                for tag in ("drugbank-id", "description")
            )
            for item in block
        ]
        first = ids[0] if ids else ""
        listings += [(first, *row, first in drugs) for row in rows]
        if first not in drugs and re.fullmatch(r"DB\d{5,}", first):
            drugs[first] = [*ids[1:]]
        else:
            refused += 1
    claims = Counter(old for others in drugs.values() for old in set(others) if old not in drugs)
    now = {old: drug for drug, others in drugs.items() for old in others if claims[old] == 1}
    usable = []
    for drug, other, sentence, again in listings:
        partner = other if other in drugs else now.get(other)
        if not again and drug in drugs and partner and partner != drug and sentence:
            a, b = sorted((drug, partner))
            usable.append((f"{a}|{b}", a, b, drug, sentence))
    return {"drugs": sorted(drugs), "interactions": usable, "unusable": refused + len(listings) - len(usable)}


def squeezed(element: Any) -> str:
    return "" if element is None or element.text is None else " ".join(element.text.split())


def summary(tables: ReleaseTables) -> dict[str, Any]:
    return {
        "drugs": tables.drugs["drug_id"].to_list(),
        "interactions": tables.interactions.frame().rows(),
        "unusable": tables.rejected.height,
    }


# --- drawn releases -------------------------------------------------------------------------------


def written(text: str) -> st.SearchStrategy[str]:
    """A text as XML: escaped, in CDATA, by number, or around a comment."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return st.sampled_from(
        [
            *[escaped] * 8,
            f"<![CDATA[{text}]]>",
            "".join(f"&#{ord(letter)};" for letter in text),
            f"{escaped}<!-- \n<drug type= -->",
        ]
    )


SENTENCES = st.sampled_from(
    [
        "The metabolism of A can be decreased when combined with B.",
        "A may increase the\nsedative  activities of B.",
        "α-Tocopherol & <b> may increase 'x' \"y\" of B > A.",
        "\u2003A\u2009may increase the\u202factivities\u3000of B.\u00a0",
        "  ",
        "",
    ]
)
PRODUCT = st.sampled_from(
    [
        "<product>\n      <name>P &amp; Co</name>\n      <ndc-id/>\n    </product>\n    ",
        "<product><name>é</name></product>",
        '<product><name lang="en">P</name></product>',
        "<product><!-- <drug-interactions> --><name/></product>",
        "<product><name><![CDATA[</products>]]></name></product>",
    ]
)
NESTED = (
    "\n  <pathways>\n    <pathway>\n      <smpdb-id>SMP1</smpdb-id>\n      <drugs>\n<drug>\n"
    "<drugbank-id>DB00001</drugbank-id></drug>\n<drug type='x'></drug></drugs></pathway></pathways>"
)


@st.composite
def listing(draw: st.DrawFn) -> str:
    other = draw(st.sampled_from([*IDS, *RETIRED, NOBODY, "BTD1", ""]))
    fields = [
        f"<drugbank-id>{other}</drugbank-id>",
        "<name>B</name>",
        f"<description>{draw(SENTENCES.flatmap(written))}</description>",
    ]
    kept = draw(
        st.sampled_from([fields] * 8 + [fields[1:], fields[:2], fields[::-1], [fields[0], fields[2]]])
    )
    glue = "\n      "
    return f"<drug-interaction>{glue}{glue.join(kept)}\n    </drug-interaction>"


@st.composite
def drug(draw: st.DrawFn, number: int) -> str:
    others = draw(st.lists(st.sampled_from(RETIRED), max_size=1))
    ids = "".join(f"<drugbank-id>{other}</drugbank-id>" for other in others)
    listed = draw(st.lists(listing(), max_size=4))
    sold = draw(st.lists(PRODUCT, max_size=3))
    parts = [
        f'<drugbank-id primary="true">{IDS[number % len(IDS)]}</drugbank-id>{ids}',
        f"<name>{draw(written('Nme & <x>'))}</name>",
        f"<products>\n    {''.join(sold)}</products>" if sold else "<products/>",
        f"<drug-interactions>\n    {(chr(10) + '    ').join(listed)}\n  </drug-interactions>",
        draw(st.sampled_from(["", "", NESTED, '\n<drug-interactions cut="0"/>'])),
    ]
    return '<drug type="biotech">\n  ' + "\n  ".join(parts) + "\n</drug>"


@st.composite
def release(draw: st.DrawFn) -> bytes:
    count = draw(st.integers(1, 10))
    drugs = [draw(drug(number)) for number in range(count)]
    space = draw(st.sampled_from([' xmlns="http://www.drugbank.ca"', ""]))
    glue = draw(st.sampled_from(["\n", "\n", "\n", "\n", "", "\n\n  ", "\n<!-- x -->\n", "\r\n"]))
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<drugbank{space} version="5.1" exported-on="2026-04-01">'
    return (glue.join([head, *drugs, "</drugbank>\n"])).encode()


def crlf(xml: bytes) -> bytes:
    return xml.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def prefixed(xml: bytes) -> bytes:
    outside = re.split(rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>)", xml, flags=re.S)
    tagged = [part if part[:2] in (b"<!", b"<?") else re.sub(rb"<(/?)", rb"<\1d:", part) for part in outside]
    return b"".join(tagged).replace(b"<d:drugbank ", b'<d:drugbank xmlns:d="http://x" ')


LAYOUTS = {
    "as drawn": lambda xml: xml,
    "byte order mark": lambda xml: b"\xef\xbb\xbf" + xml,
    "utf-16": lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "latin-1": lambda xml: (
        xml.decode().replace("UTF-8", "ISO-8859-1").encode("iso-8859-1", "xmlcharrefreplace")
    ),
    "carriage returns": crlf,
    "prefixes": prefixed,
    "no declaration": lambda xml: xml.partition(b"?>\n")[2],
    "single quotes": lambda xml: xml.replace(b'type="biotech"', b"type='biotech'"),
    "indented": lambda xml: xml.replace(b"\n<drug ", b"\n    <drug "),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some drugs a piece, so that every release has several."""
    monkeypatch.setattr(layout, "PIECE_BYTES", 1_000)


def parse(folder: Path, content: bytes, processes: int = 1) -> ReleaseTables:
    path = folder / "release.xml"
    path.write_bytes(content)
    return parse_release(path, processes=processes)


@pytest.mark.parametrize("change", LAYOUTS.values(), ids=LAYOUTS.keys())
@settings(THOROUGH, max_examples=40)
@given(xml=release())
def test_every_layout_gives_the_tables_of_a_plain_parser(tmp_path: Path, change, xml: bytes):
    content = change(xml)
    assert summary(parse(tmp_path, content)) == plain(content)


@THOROUGH
@given(
    xml=release(),
    where=st.floats(0, 1),
    damage=st.sampled_from(["cut", "drop", "swap", "add"]),
    data=st.data(),
)
def test_a_damaged_release_is_refused_exactly_when_it_is_not_well_formed(
    tmp_path: Path, xml: bytes, where: float, damage: str, data: st.DataObject
):
    start = xml.index(b"<drug ")
    at = start + int(where * (len(xml) - 1 - start))
    byte = bytes([data.draw(st.sampled_from(b"<>&/!?]x \"'=\x00\x0b\xff\xc3-"))])
    content = (
        xml[:at]
        + {"cut": b"", "drop": xml[at + 1 :], "swap": byte + xml[at + 1 :], "add": byte + xml[at:]}[damage]
    )
    try:
        expected = plain(content)
    except etree.XMLSyntaxError:
        with pytest.raises(ReleaseError):
            parse(tmp_path, content)
        return
    if not expected["drugs"]:
        with pytest.raises(ReleaseError, match="no drug"):
            parse(tmp_path, content)
        return
    assert summary(parse(tmp_path, content)) == expected


@settings(THOROUGH, max_examples=30)
@given(xml=release())
def test_packing_changes_nothing(tmp_path: Path, xml: bytes):
    expected = summary(parse(tmp_path, xml))
    assert summary(parse(tmp_path, gzip.compress(xml))) == expected
