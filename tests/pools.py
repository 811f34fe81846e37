"""Random evidence pools from a small vocabulary, so that drugs often match."""

from __future__ import annotations

from hypothesis import strategies as st

from mard.label.taxonomy import load_taxonomy
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

FLAGS = [
    f"{gene}_{role}"
    for gene in ("cyp3a4", "cyp2d6", "pgp", "oct2", "oatp1b1")
    for role in ("sub", "inh", "ind")
]
ATC = [
    "N05BA01",
    "N02AA01",
    "B01AA03",
    "M01AE01",
    "C07AB02",
    "C09AA05",
    "A10BA02",
    "J01MA02",
    "A02AA01",
    "R03AC02",
]
TARGETS = ["P14867", "P35372", "Q12809", "P31645", "P08684"]
PATHWAYS = ["SMP0000640", "hsa04010"]
DIRECTED = [Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL]


def some(items: list[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """A few of the items, sorted."""
    return st.lists(st.sampled_from(items), max_size=most, unique=True).map(sorted).map(tuple)


@st.composite
def labels(draw: st.DrawFn) -> Label:
    family = draw(st.sampled_from(Family))
    subtype = draw(st.sampled_from(load_taxonomy().subtypes(family)))
    direction = draw(st.sampled_from(DIRECTED))
    return Label(family, subtype, direction, draw(st.sampled_from(Polarity)))


def drugs(drug_id: str, name: str) -> st.SearchStrategy[DrugEvidence]:
    return st.builds(
        DrugEvidence,
        drug_id=st.just(drug_id),
        name=st.just(name),
        pk_flags=some(FLAGS, 4),
        atc=some(ATC, 2),
        targets=some(TARGETS, 2),
        pathways=some(PATHWAYS, 2),
        moa=st.sampled_from(["", "It inhibits serotonin reuptake.", "A vasodilator."]),
    )


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    unit = st.sampled_from([0.0, 0.2, 0.5, 0.8])
    neighbours = [
        Neighbour(f"DB1000{number}", f"DB2000{number}", similarity, draw(labels()))
        for number, similarity in enumerate(sorted(draw(st.lists(unit, max_size=4)), reverse=True))
    ]
    return Pool(
        a=draw(drugs("DB00001", "Alphadone")),
        b=draw(drugs("DB00002", "Betazole")),
        pair=PairEvidence(draw(unit), draw(unit), draw(st.integers(0, 5)), draw(unit)),
        neighbours=tuple(neighbours),
    )
