"""Writes a synthetic release as a DrugBank full-database XML, one drug at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import polars as pl

from benchmarks.synthetic.classes import Protein
from benchmarks.synthetic.drugs import SyntheticDrug
from benchmarks.synthetic.filler import Filler
from benchmarks.synthetic.world import World
from mard.io import atomic_path

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<drugbank xmlns="http://www.drugbank.ca" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://www.drugbank.ca http://www.drugbank.ca/docs/drugbank.xsd"'
    ' version="synthetic" exported-on="2026-04-01">\n'
)
_FOOT: Final = "</drugbank>\n"
_BLOCK_DRUGS: Final = 256
_SECTIONS: Final = (
    ("target", "targets"),
    ("enzyme", "enzymes"),
    ("carrier", "carriers"),
    ("transporter", "transporters"),
)
_ATC_LEVELS: Final = (5, 4, 3, 1)


def write_release(path: Path, scale: float, seed: int = 0) -> Path:
    """Write the release of (scale, seed) to ``path``; the same bytes on every machine.

    Drugs and pairs are in memory (some hundred megabytes at scale 1.0), the text of 256 drugs at a time.
    """
    world = World.build(scale, seed)
    filler = Filler(Random(f"{seed}/filler"))
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_HEAD)
        for drug, told in zip(world.drugs, _interaction_blocks(world), strict=True):
            out.write(_render(drug, told, filler, Random(f"{seed}/{drug.row}")))
        out.write(_FOOT)
    return path


def _interaction_blocks(world: World) -> Iterator[str]:
    """The ``<drug-interaction>`` elements of each drug, in order of the drugs."""
    listings = world.listings
    starts = np.searchsorted(listings.owner, np.arange(len(world.drugs) + 1))
    names = pl.Series([drug.name for drug in world.drugs])
    for first in range(0, len(world.drugs), _BLOCK_DRUGS):
        limits = starts[first : first + _BLOCK_DRUGS + 1]
        block = slice(limits[0], limits[-1])
        other, pair = listings.other[block], listings.pair[block]
        told_by_b = world.pairs.b[pair] == listings.owner[block]
        frame = pl.DataFrame(
            {
                "id": world.drug_ids[other],
                "name": names[other],
                "text": world.sentences(pair, told_by_b),
                "broken": world.pairs.broken[pair],
            }
        )
        elements = frame.select(_ELEMENT).to_series().to_list()
        for start, stop in zip(limits[:-1] - limits[0], limits[1:] - limits[0], strict=True):
            yield "".join(elements[start:stop])


_ELEMENT: Final = pl.concat_str(
    pl.lit("    <drug-interaction>\n      <drugbank-id>"),
    "id",
    pl.lit("</drugbank-id>\n      <name>"),
    "name",
    pl.lit("</name>\n      <description>"),
    pl.when("broken").then(pl.col("text").str.replace(" ", "\n", literal=True)).otherwise("text"),
    pl.lit("</description>\n    </drug-interaction>\n"),
)


def _render(drug: SyntheticDrug, told: str, filler: Filler, random: Random) -> str:
    products, articles, words, categories = _amounts(drug, random)
    text = filler.text
    return "".join(
        (
            f'<drug type="{drug.type}" created="2005-06-13" updated="2026-03-14">\n',
            f'  <drugbank-id primary="true">{drug.drug_id}</drugbank-id>\n',
            *(f"  <drugbank-id>{former}</drugbank-id>\n" for former in drug.retired_ids),
            _leaf("name", drug.name),
            _leaf("description", text(random, words)),
            _leaf(
                "cas-number",
                f"{random.randrange(10**5, 10**6)}-{random.randrange(10, 99)}-{random.randrange(9)}",
            ),
            _leaf("unii", f"{random.getrandbits(40):010X}"),
            _leaf("state", "solid"),
            _section("groups", (_leaf("group", group, 4) for group in drug.groups)),
            "  <general-references>\n    <articles>\n",
            filler.articles(random, articles),
            "    </articles>\n    <textbooks/>\n    <links/>\n    <attachments/>\n  </general-references>\n",
            "  <synthesis-reference/>\n",
            _leaf("indication", text(random, words)),
            _leaf("pharmacodynamics", text(random, 2 * words)),
            _leaf("mechanism-of-action", "&#13;\n&#13;\n".join(drug.mechanism)),
            *(_leaf(tag, text(random, words)) for tag in ("toxicity", "metabolism", "absorption")),
            _leaf("half-life", drug.half_life),
            *(_leaf(tag, text(random, words // 2)) for tag in _KINETICS),
            f"  <classification>\n    <description/>\n    <direct-parent>{text(random, 1)}</direct-parent>\n"
            "    <kingdom>Organic compounds</kingdom>\n  </classification>\n",
            "  <salts/>\n",
            _section("synonyms", (_synonym(name) for name in (drug.name, *drug.synonyms))),
            _section("products", [filler.products(random, drug.name, products)] if products else []),
            _section("international-brands", map(_brand, drug.brands)),
            "  <mixtures/>\n  <packagers/>\n  <manufacturers/>\n  <prices/>\n",
            _section("categories", [filler.categories(random, categories)]),
            "  <affected-organisms/>\n  <dosages/>\n",
            _section("atc-codes", map(_atc, drug.atc)),
            "  <ahfs-codes/>\n  <pdb-entries/>\n  <patents/>\n  <food-interactions/>\n",
            _section("drug-interactions", [told] if told else []),
            "  <sequences/>\n",
            _section("calculated-properties", _properties(drug, random)),
            "  <experimental-properties/>\n",
            _section("external-identifiers", _identifiers(random)),
            "  <external-links/>\n",
            _section("pathways", (_pathway(drug, *pathway) for pathway in drug.pathways)),
            "  <reactions/>\n  <snp-effects/>\n  <snp-adverse-drug-reactions/>\n",
            *(_section(tag, _links(drug, role, filler, random)) for role, tag in _SECTIONS),
            "</drug>\n",
        )
    )


_KINETICS: Final = ("protein-binding", "route-of-elimination", "volume-of-distribution", "clearance")


def _amounts(drug: SyntheticDrug, random: Random) -> tuple[int, int, int, int]:
    """Products, articles, sentences a text, and categories: plenty for a drug on the market."""
    if not drug.interacting:
        return random.choice((0, 0, 0, 1)), random.randrange(4), random.randrange(3), 1 + random.randrange(4)
    products = min(1_500, int(random.lognormvariate(4.2, 1.4)))
    return products, random.randrange(4, 30), random.randrange(2, 8), random.randrange(4, 24)


def _leaf(tag: str, text: str, indent: int = 2) -> str:
    return f"{' ' * indent}<{tag}>{text}</{tag}>\n" if text else f"{' ' * indent}<{tag}/>\n"


def _section(tag: str, children: Iterable[str]) -> str:
    inner = "".join(children)
    return f"  <{tag}>\n{inner}  </{tag}>\n" if inner else f"  <{tag}/>\n"


def _synonym(name: str) -> str:
    return f'    <synonym language="english" coder="inn">{name}</synonym>\n'


def _brand(name: str) -> str:
    return (
        f"    <international-brand>\n{_leaf('name', name, 6)}      <company/>\n    </international-brand>\n"
    )


def _atc(code: str) -> str:
    levels = "".join(
        f'      <level code="{code[:length]}">GROUP {code[:length]}</level>\n' for length in _ATC_LEVELS
    )
    return f'    <atc-code code="{code}">\n{levels}    </atc-code>\n'


def _properties(drug: SyntheticDrug, random: Random) -> Iterator[str]:
    if drug.smiles is None or drug.inchikey is None:
        return
    values = {
        "logP": f"{random.uniform(-2, 6):.2f}",
        "Molecular Weight": f"{random.uniform(150, 700):.3f}",
        "SMILES": drug.smiles,
        "InChIKey": drug.inchikey,
        "Polar Surface Area (PSA)": f"{random.uniform(10, 200):.1f}",
        "Rotatable Bond Count": str(random.randrange(14)),
        "Physiological Charge": str(random.randrange(-1, 2)),
        "Rule of Five": "true",
    }
    for kind, value in values.items():
        yield (
            f"    <property>\n      <kind>{kind}</kind>\n      <value>{value}</value>\n"
            "      <source>ChemAxon</source>\n    </property>\n"
        )


def _identifiers(random: Random) -> Iterator[str]:
    for resource in ("PubChem Compound", "ChEBI", "ChEMBL", "Wikipedia"):
        yield (
            f"    <external-identifier>\n      <resource>{resource}</resource>\n"
            f"      <identifier>{random.randrange(10**7)}</identifier>\n    </external-identifier>\n"
        )


def _pathway(drug: SyntheticDrug, smpdb_id: str, name: str) -> str:
    return (
        f"    <pathway>\n      <smpdb-id>{smpdb_id}</smpdb-id>\n      <name>{name}</name>\n"
        "      <category>drug_action</category>\n      <drugs>\n        <drug>\n"
        f"          <drugbank-id>{drug.drug_id}</drugbank-id>\n          <name>{drug.name}</name>\n"
        "        </drug>\n      </drugs>\n      <enzymes>\n        <uniprot-id>P08684</uniprot-id>\n"
        "      </enzymes>\n    </pathway>\n"
    )


def _links(drug: SyntheticDrug, role: str, filler: Filler, random: Random) -> Iterator[str]:
    found = [(protein, actions) for kind, protein, actions in drug.links if kind == role]
    for position, (protein, actions) in enumerate(found, start=1):
        yield _link(role, position, protein, actions, filler, random)


def _link(
    role: str, position: int, protein: Protein, actions: tuple[str, ...], filler: Filler, random: Random
) -> str:
    listed = "".join(f"        <action>{action}</action>\n" for action in actions)
    return (
        f'    <{role} position="{position}">\n      <id>BE{random.randrange(10**7):07d}</id>\n'
        f"      <name>{protein.name}</name>\n      <organism>Humans</organism>\n"
        f"      <actions>\n{listed}      </actions>\n"
        "      <references>\n        <articles/>\n        <textbooks/>\n      </references>\n"
        f"      <known-action>unknown</known-action>\n{filler.polypeptide(protein)}    </{role}>\n"
    )
