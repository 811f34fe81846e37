from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.evidence.render import mask, render, with_names
from mard.mirror import mirror, mirror_citation
from mard.schema import (
    Direction,
    DrugEvidence,
    Family,
    Label,
    Neighbour,
    PairEvidence,
    Polarity,
    Pool,
)
from tests.builders import voriconazole_axitinib

FLAGS = [f"{gene}_{role}" for gene in ("cyp3a4", "cyp2d6", "pgp", "oct2") for role in ("sub", "inh", "ind")]
PROTEINS = ["P08684", "P10635", "P08183", "Q9UNQ0", "P35968"]
CITATION = re.compile(r"(?:[AB]:(?:ATC:)?\w+|pair:\w+|nbr:DB\d+\|DB\d+)")


def subset(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values)).map(lambda chosen: tuple(sorted(chosen)))


def drug(drug_id: str, name: str) -> st.SearchStrategy[DrugEvidence]:
    return st.builds(
        DrugEvidence,
        drug_id=st.just(drug_id),
        name=st.just(name),
        pk_flags=subset(FLAGS),
        atc=subset(["J02AC03", "L01EK01", "C09AA05"]),
        targets=subset(PROTEINS),
        enzymes=subset(PROTEINS),
        transporters=subset(PROTEINS),
        carriers=subset(PROTEINS),
        pathways=subset(["SMP0000640", "SMP0000001", "hsa04010"]),
        half_life_hours=st.none() | st.floats(0.1, 400),
        half_life_text=st.sampled_from(["", "6 hours", "long"]),
        moa=st.sampled_from(["", "Blocks a channel.", "Inhibits a kinase. " * 20]),
    )


LABEL = st.builds(
    Label,
    st.sampled_from(Family),
    st.just("metabolism"),
    st.sampled_from([Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL]),
    st.sampled_from(Polarity),
)
POOLS = st.builds(
    Pool,
    drug("DB00582", "Voriconazole"),
    drug("DB06626", "Axitinib"),
    st.builds(PairEvidence, st.floats(0, 1), st.floats(0, 1), st.integers(0, 5), st.floats(0, 1)),
    st.lists(
        st.builds(
            Neighbour, st.just("DB00582"), st.sampled_from(["DB11679", "DB00001"]), st.floats(0, 1), LABEL
        ),
        max_size=5,
    ).map(tuple),
)


def swapped(line: str) -> str:
    """A line with every A and B exchanged, as a reader on the other side would write it."""
    sides = {"A": "B", "B": "A", "a_to_b": "b_to_a", "b_to_a": "a_to_b"}
    return re.sub(r"\b(?:[AB]|a_to_b|b_to_a)\b", lambda match: sides[match[0]], line)


@given(POOLS, st.sampled_from(["brief", "full"]))
def test_a_mirrored_pool_reads_as_the_same_lines_with_a_and_b_swapped(pool, detail):
    here = [swapped(line) for line in render(pool, detail=detail).splitlines()]
    there = render(mirror(pool), detail=detail).splitlines()
    assert sorted(there) == sorted(here)
    assert [line for line in there if line.startswith("Drug ")] == here[1::-1]


@given(POOLS)
def test_a_mirrored_pool_shows_mirrored_citations(pool):
    here = {mirror_citation(found) for found in CITATION.findall(render(pool, detail="full"))}
    assert set(CITATION.findall(render(mirror(pool), detail="full"))) == here


@given(POOLS)
def test_full_detail_shows_every_citation_and_brief_only_citations_of_the_pool(pool):
    assert set(CITATION.findall(render(pool, detail="full"))) == pool.citations
    assert set(CITATION.findall(render(pool, detail="brief"))) <= pool.citations


@given(POOLS)
def test_masked_text_names_no_drug_of_the_pair_and_keeps_every_citation(pool):
    hidden = render(pool, detail="full", masked=True)
    assert not re.search(r"voriconazole|axitinib|DB00582|DB06626", hidden, re.IGNORECASE)
    shown = hidden.replace("DBA", pool.a.drug_id).replace("DBB", pool.b.drug_id)
    assert set(CITATION.findall(shown)) == pool.citations


def test_brief_text_of_a_known_pair():
    assert render(voriconazole_axitinib(), detail="brief").splitlines() == [
        "Drug A: Voriconazole DB00582",
        "Drug B: Axitinib DB06626",
        "A on B: A:cyp3a4_inh > B:cyp3a4_sub",
        "A other flags: A:cyp2c19_inh A:cyp2c19_sub",
        "A ATC: A:ATC:J02AC03",
        "A shared proteins: A:P08684",
        "A other enzymes: 1",
        "A:half_life 6 h",
        "A:moa Inhibits fungal ergosterol synthesis.",
        "B ATC: B:ATC:L01EK01",
        "B shared proteins: B:P08684",
        "B other targets: 1",
        "B:half_life 4 h",
        "pair:pathway_jaccard 0.00, pair:protein_jaccard 0.33, pair:atc_depth 0, pair:smiles_tanimoto 0.12",
        "nbr:DB00582|DB11679 0.41 PK_Metabolism metabolism a_to_b down",
    ]


def test_brief_text_of_the_richest_pool_stays_short():
    everything = {
        "pk_flags": tuple(FLAGS),
        "atc": tuple(f"J02AC{number:02d}" for number in range(20)),
        "targets": tuple(f"P{number:05d}" for number in range(60)),
        "pathways": tuple(f"SMP{number:07d}" for number in range(40)),
        "half_life_hours": 6.0,
        "moa": "Inhibits many kinases. " * 30,
    }
    known = voriconazole_axitinib()
    pool = replace(
        known,
        a=replace(known.a, **everything),
        b=replace(known.b, **everything),
        neighbours=known.neighbours * 5,
    )
    assert len(render(pool, detail="brief").split()) < 180


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("VORICONAZOLE slows axitinib.", "Drug A slows Drug B."),
        ("Voriconazoles are not named", "Voriconazoles are not named"),
        ("nbr:DB00582|DB11679 B:cyp3a4_sub", "nbr:DBA|DB11679 B:cyp3a4_sub"),
    ],
)
def test_mask_on_word_boundaries_in_any_case(text, masked):
    assert mask(text, voriconazole_axitinib()) == masked


def test_mask_takes_the_longer_of_two_nested_names_first():
    known = voriconazole_axitinib()
    pool = replace(known, a=replace(known.a, name="Insulin"), b=replace(known.b, name="Insulin lispro"))
    assert mask("Insulin lispro with insulin", pool) == "Drug B with Drug A"


def test_names_are_put_in_for_display() -> None:
    pool = voriconazole_axitinib()
    assert with_names("Drug A decreases the metabolism of Drug B.", pool.a, pool.b) == (
        "Voriconazole decreases the metabolism of Axitinib."
    )
