"""Releases edited as a publisher edits them, or cut into slices: what a comparison must find is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from lxml import etree

from tests.releases import NAMESPACE

Pair = tuple[str, str]


def pair_of(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


class Edition:
    """A small release in memory. Descriptions are edited on both sides of a pair."""

    def __init__(self, path: Path) -> None:
        self._tree = etree.parse(path)
        self.drugs = {self._find(drug, "drugbank-id").text: drug for drug in self._tree.getroot()}
        self._listed = {drug_id: self._listings(drug) for drug_id, drug in self.drugs.items()}

    def write(self, path: Path) -> Path:
        self._tree.write(path, encoding="UTF-8", xml_declaration=True)
        return path

    @property
    def pairs(self) -> set[Pair]:
        """Pairs that either drug lists and whose drugs are both there."""
        return {
            pair_of(drug_id, other)
            for drug_id, listed in self._listed.items()
            for other in listed
            if other in self.drugs
        }

    def name(self, drug_id: str) -> str:
        return self._find(self.drugs[drug_id], "name").text

    def partners(self, drug_id: str) -> set[str]:
        return {other for pair in self.pairs if drug_id in pair for other in pair} - {drug_id}

    def told(self, one: str, other: str) -> set[str]:
        """What either drug says about the pair."""
        sides = (self._listed[one].get(other), self._listed[other].get(one))
        return {self._find(side, "description").text for side in sides if side is not None}

    def tell(self, one: str, other: str, text: str) -> None:
        """Both drugs list the pair, with this description alone."""
        for drug_id, partner in ((one, other), (other, one)):
            self._forget(drug_id, partner)
            listed = self._find(self.drugs[drug_id], "drug-interactions")
            element = etree.SubElement(listed, self._tag("drug-interaction"))
            for tag, value in (("drugbank-id", partner), ("name", "x"), ("description", text)):
                etree.SubElement(element, self._tag(tag)).text = value
            self._listed[drug_id][partner] = element

    def untell(self, one: str, other: str) -> None:
        self._forget(one, other)
        self._forget(other, one)

    def remove(self, drug_id: str) -> None:
        for partner in self.partners(drug_id):
            self.untell(drug_id, partner)
        drug = self.drugs.pop(drug_id)
        del self._listed[drug_id]
        drug.getparent().remove(drug)

    def add(self, drug_id: str, name: str) -> None:
        drug = etree.SubElement(self._tree.getroot(), self._tag("drug"), type="small molecule")
        etree.SubElement(drug, self._tag("drugbank-id"), primary="true").text = drug_id
        etree.SubElement(drug, self._tag("name")).text = name
        etree.SubElement(drug, self._tag("drug-interactions"))
        self.drugs[drug_id] = drug
        self._listed[drug_id] = {}

    def rename(self, drug_id: str, name: str) -> None:
        """The drug and every description of it."""
        before = re.compile(rf"\b{re.escape(self.name(drug_id))}\b")
        sides = [(drug_id, partner) for partner in self.partners(drug_id)]
        for one, other in [*sides, *((other, one) for one, other in sides)]:
            listing = self._listed[one].get(other)
            if listing is not None:
                description = self._find(listing, "description")
                description.text = before.sub(name, description.text)
        self._find(self.drugs[drug_id], "name").text = name

    def retire(self, drug_id: str, into: str) -> None:
        """``drug_id`` becomes a secondary id of ``into``, which takes over the pairs that it lacks."""
        before, after = self.name(drug_id), self.name(into)
        for partner in self.partners(drug_id) - {into}:
            if pair_of(into, partner) not in self.pairs:
                text = min(self.told(drug_id, partner))
                self.tell(into, partner, re.sub(rf"\b{re.escape(before)}\b", after, text))
        self.remove(drug_id)
        retired = etree.Element(self._tag("drugbank-id"))
        retired.text = drug_id
        self._find(self.drugs[into], "drugbank-id").addnext(retired)

    def drop(self, drug_id: str, block: str) -> None:
        """Take a whole block of facts away, such as ``targets``."""
        found = self._find(self.drugs[drug_id], block)
        found.getparent().remove(found)

    def _forget(self, drug_id: str, partner: str) -> None:
        found = self._listed[drug_id].pop(partner, None)
        if found is not None:
            found.getparent().remove(found)

    def _listings(self, drug: etree._Element) -> dict[str, etree._Element]:
        found = drug.iterfind(f"{self._tag('drug-interactions')}/{self._tag('drug-interaction')}")
        return {self._find(one, "drugbank-id").text: one for one in found}

    def _find(self, element: etree._Element, tag: str) -> etree._Element:
        return element.find(self._tag(tag))

    @staticmethod
    def _tag(tag: str) -> str:
        return f"{{{NAMESPACE}}}{tag}"


_LISTING = re.compile(
    rb"\s*<drug-interaction>\s*<drugbank-id>(DB\d+)</drugbank-id>.*?</drug-interaction>", re.S
)
_ID = re.compile(rb'<drugbank-id primary="true">(DB\d+)<')


def slice_release(
    source: Path,
    target: Path,
    *,
    keep_drug: Callable[[str], bool] = lambda _: True,
    keep_pair: Callable[[Pair], bool] = lambda _: True,
) -> Path:
    """Write the part of a release that has these drugs, and of their listings those of these pairs.

    For releases that start every drug on a line of its own, as the sample and the public corpus do.
    """
    head, *drugs = source.read_bytes().split(b"\n<drug type=")
    with target.open("wb") as out:
        out.write(head)
        for drug in drugs:
            body, end, _ = drug.rpartition(b"</drugbank>") if drug is drugs[-1] else (drug, b"", b"")
            drug_id = _ID.search(body)[1].decode()
            if keep_drug(drug_id):
                out.write(b"\n<drug type=" + _listings_of(drug_id, body, keep_pair))
            out.write(end and b"\n</drugbank>\n")
    return target


def _listings_of(drug_id: str, body: bytes, keep_pair: Callable[[Pair], bool]) -> bytes:
    def kept(listing: re.Match[bytes]) -> bytes:
        return listing[0] if keep_pair(pair_of(drug_id, listing[1].decode())) else b""

    return _LISTING.sub(kept, body)


def unlisted(edition: Edition, count: int, avoid: Iterable[str] = ()) -> list[Pair]:
    """The first pairs of an edition's drugs that nobody lists."""
    left_out, listed = set(avoid), edition.pairs
    ids = [drug_id for drug_id in sorted(edition.drugs) if drug_id not in left_out]
    free = (pair_of(a, b) for a in ids for b in ids if a < b and pair_of(a, b) not in listed)
    return [pair for pair, _ in zip(free, range(count), strict=False)]
