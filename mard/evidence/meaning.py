"""What each citation id of a pool stands for, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from mard.schema import DrugEvidence, Neighbour, PairEvidence, PkRole, Pool

NameOf = Callable[[str], str]

_ROLE_VERBS: Final = {
    PkRole.SUBSTRATE: "is a substrate of",
    PkRole.INHIBITOR: "inhibits",
    PkRole.INDUCER: "induces",
}
_PROTEIN_KINDS: Final = ("targets", "enzymes", "transporters", "carriers")


def uniprot(accession: str) -> str:
    """A protein by its accession alone."""
    return f"UniProt {accession}"


def meanings(pool: Pool, name_of: NameOf, protein_of: NameOf = uniprot) -> dict[str, str]:
    """Every citation id of the pool, sorted, with its meaning.

    Args:
        pool: The pool, in the order in which the question is asked.
        name_of: A drug's name by its id, for the neighbours.
        protein_of: What to call a protein, by its UniProt accession.
    """
    found = dict(_drug("A", pool.a, protein_of))
    found |= dict(_drug("B", pool.b, protein_of))
    found |= _pair(pool.pair)
    found |= {each.citation: _neighbour(each, name_of) for each in pool.neighbours}
    return dict(sorted(found.items()))


def _drug(side: str, drug: DrugEvidence, protein_of: NameOf) -> Iterator[tuple[str, str]]:
    for flag in drug.pk_flags:
        protein, _, role = flag.rpartition("_")
        name = "P-gp" if protein == "pgp" else protein.upper()
        yield f"{side}:{flag}", f"{drug.name} {_ROLE_VERBS[PkRole(role)]} {name}"
    for code in drug.atc:
        yield f"{side}:ATC:{code}", f"{drug.name} has the ATC code {code}"
    for protein in sorted(drug.proteins):
        kinds = [kind.removesuffix("s") for kind in _PROTEIN_KINDS if protein in getattr(drug, kind)]
        yield f"{side}:{protein}", f"{protein_of(protein)} is {' and '.join(kinds)} of {drug.name}"
    for pathway in drug.pathways:
        yield f"{side}:{pathway}", f"{drug.name} is in the pathway {pathway}"
    if drug.moa:
        yield f"{side}:moa", f"mechanism of {drug.name}: {drug.moa}"
    if drug.half_life_text or drug.half_life_hours is not None:
        yield f"{side}:half_life", f"half-life of {drug.name}: {_half_life(drug)}"


def _half_life(drug: DrugEvidence) -> str:
    return drug.half_life_text or f"{drug.half_life_hours:g} hours"


def _pair(pair: PairEvidence) -> dict[str, str]:
    return {
        "pair:pathway_jaccard": f"pathways in common (Jaccard): {pair.pathway_jaccard:.2f}",
        "pair:protein_jaccard": f"proteins in common (Jaccard): {pair.protein_jaccard:.2f}",
        "pair:atc_depth": f"ATC levels in common: {pair.atc_depth} of 5",
        "pair:smiles_tanimoto": f"structural similarity (Tanimoto): {pair.smiles_tanimoto:.2f}",
    }


def _neighbour(neighbour: Neighbour, name_of: NameOf) -> str:
    label = neighbour.label
    return (
        f"known pair {name_of(neighbour.first)} (as A) and {name_of(neighbour.second)} (as B): "
        f"{label.family} / {label.subtype} / {label.direction} / {label.polarity}, "
        f"similarity {neighbour.similarity:.2f}"
    )
