from __future__ import annotations

import pytest

from mard.ingest.cut import Remainder, cut, is_record_list, regular_listings

LISTING = (
    "<drug-interaction>\n      <drugbank-id>DB00001</drugbank-id>\n      <name>A &amp; B</name>\n"
    "      <description>A may increase B.</description>\n    </drug-interaction>"
)
PRODUCT = "<product>\n      <name>P</name>\n      <ndc-id/>\n    </product>"


def listings(inner: str | bytes) -> tuple[list[str], list[str]] | None:
    data = inner if isinstance(inner, bytes) else inner.encode()
    return regular_listings(b"..." + data + b"...", 3, 3 + len(data))


def is_list(inner: str | bytes) -> bool:
    data = inner if isinstance(inner, bytes) else inner.encode()
    return is_record_list(b"<<<" + data + b"<<<", 3, 3 + len(data))


def test_regular_listings_are_read_whatever_stands_between_the_tags():
    assert listings(f"\n    {LISTING}\n {LISTING} and\n  ") == (["DB00001"] * 2, ["A may increase B."] * 2)
    assert listings(LISTING.replace("\n", "").replace("  ", "")) == (["DB00001"], ["A may increase B."])
    assert listings("\n") == ([], [])


def test_predefined_entities_become_their_characters():
    told = LISTING.replace("increase", "&lt;&amp;gt;&quot;&apos;&gt;")
    assert listings(told) == (["DB00001"], ["A may <&gt;\"'> B."])


@pytest.mark.parametrize(
    "inner",
    [
        LISTING.replace("<name>A &amp; B</name>", ""),
        LISTING.replace("increase", "<b>increase</b>"),
        LISTING.replace("increase", "<!-- more -->"),
        LISTING.replace("increase", "<![CDATA[more]]>"),
        LISTING.replace("increase", "&#945;"),
        LISTING.replace("increase", "&alpha;"),
        LISTING.replace("increase", "& more"),
        LISTING.replace("increase", "]]>"),
        LISTING.replace("increase", "\x0b"),
        LISTING.replace("increase", "\uffff"),
        LISTING.replace("increase", "a\r\nb"),
        LISTING.replace("</name>", "</nane>"),
        LISTING.replace("<drugbank-id>", "<drugbank-id primary='true'>"),
        LISTING.replace("</drug-interaction>", ""),
        LISTING + "<drug-interaction/>",
        LISTING.encode().replace(b"increase", b"\xff"),
    ],
)
def test_any_other_listing_is_left_to_lxml(inner: str | bytes):
    assert listings(inner) is None


def test_products_of_leaves_are_a_record_list():
    assert is_list(f"\n    {PRODUCT}\n    {PRODUCT}\n")
    assert is_list(PRODUCT.replace("P<", "\u00e9 &amp; Co]<"))
    assert is_list("")


@pytest.mark.parametrize(
    "inner",
    [
        PRODUCT.replace("</name>", "</nane>"),
        PRODUCT.replace("<name>", "<name lang='en'>"),
        PRODUCT.replace("P<", "<b/><"),
        PRODUCT.replace("P<", "&lol;<"),
        PRODUCT.replace("P<", "]]><"),
        PRODUCT.replace("P<", "\x01<"),
        PRODUCT.replace("P<", "<!-- --><"),
        PRODUCT.replace("</product>", ""),
        "<name/>",
        PRODUCT.encode().replace(b"P<", b"\xc3<"),
    ],
)
def test_any_other_product_is_left_to_lxml(inner: str | bytes):
    assert not is_list(inner)


def test_what_is_cut_leaves_its_place_behind():
    other = LISTING.replace("<name>", "<name x='y'>")
    xml = (
        f"<drug><products>{PRODUCT}</products><drug-interactions>{LISTING}</drug-interactions></drug>"
        f"<drug><drug-interactions>{other}</drug-interactions></drug>"
        f"<drug><drug-interactions>{LISTING}</drug-interactions></drug>"
    )
    found = (["DB00001"], ["A may increase B."])
    assert cut(xml.encode()) == Remainder(
        (
            '<drug><products/><drug-interactions cut="0"/></drug>'
            f"<drug><drug-interactions>{other}</drug-interactions></drug>"
            '<drug><drug-interactions cut="1"/></drug>'
        ).encode(),
        [found, found],
    )


@pytest.mark.parametrize("odd", ["<!-- -->", "<![CDATA[]]>", "<?x y?>"])
def test_nothing_is_cut_where_a_tag_may_not_be_one(odd: str):
    assert cut(f"<drug>{odd}<drug-interactions>{LISTING}</drug-interactions></drug>".encode()) is None
    assert cut(b"<drug>is it < ? ! no</drug>") is not None
