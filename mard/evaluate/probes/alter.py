"""How a probe alters an evidence pool: each alteration is a function from a pool to a pool.

An alteration that finds nothing to alter returns None: the pair is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mard.evidence.pk_flags import PROTEINS
from mard.evidence.render import mask
from mard.schema import DrugEvidence, Neighbour, PairEvidence, PkRole, Pool

MASKED_IDS: Final = ("DBA", "DBB")
MASKED_NAMES: Final = ("Drug A", "Drug B")

_OPPOSITE: Final = {PkRole.INHIBITOR: PkRole.INDUCER, PkRole.INDUCER: PkRole.INHIBITOR}
_NOTHING: Final = PairEvidence(0.0, 0.0, 0, 0.0)


def no_retrieval(pool: Pool) -> Pool | None:
    """Retrieval off: the same pool without neighbours."""
    return replace(pool, neighbours=()) if pool.neighbours else None


def masked(pool: Pool) -> Pool:
    """Names and ids of the two drugs hidden, in every text and citation.

    A model that recites what it remembers of a drug falls; one that reads the evidence does not.
    """
    hidden = dict(zip((pool.a.drug_id, pool.b.drug_id), MASKED_IDS, strict=True))

    def hide(neighbour: Neighbour) -> Neighbour:
        first, second = (hidden.get(drug, drug) for drug in (neighbour.first, neighbour.second))
        return replace(neighbour, first=first, second=second)

    a, b = (
        replace(
            drug,
            drug_id=drug_id,
            name=name,
            moa=mask(drug.moa, pool),
            half_life_text=mask(drug.half_life_text, pool),
        )
        for drug, drug_id, name in zip((pool.a, pool.b), MASKED_IDS, MASKED_NAMES, strict=True)
    )
    return replace(pool, a=a, b=b, neighbours=tuple(map(hide, pool.neighbours)))


def null_context(pool: Pool) -> Pool:
    """Nothing but the two drugs' names: an honest model abstains."""
    a, b = (DrugEvidence(drug.drug_id, drug.name) for drug in (pool.a, pool.b))
    return Pool(a, b, _NOTHING)


def cross_family_swap(pool: Pool, donor: Pool) -> Pool:
    """The neighbours of another pair, of another family: retrieval that misleads."""
    return replace(pool, neighbours=donor.neighbours)


def role_flip(pool: Pool) -> Pool | None:
    """Inhibitors of what handles the other drug become inducers, and the reverse: the effect turns round."""
    on_b, on_a = _hits(pool.a, pool.b), _hits(pool.b, pool.a)
    if not (on_b or on_a):
        return None
    return replace(pool, a=_with_roles_flipped(pool.a, on_b), b=_with_roles_flipped(pool.b, on_a))


def enzyme_swap(pool: Pool) -> Pool | None:
    """Each protein through which one drug acts on the other gives way to one that neither has: no effect."""
    on_b, on_a = _hits(pool.a, pool.b), _hits(pool.b, pool.a)
    taken = {protein_of(flag) for flag in (*pool.a.pk_flags, *pool.b.pk_flags)}
    free = iter(sorted({*PROTEINS.values()} - taken))
    for_a, for_b = (
        dict(zip(sorted({protein_of(flag) for flag in hits}), free, strict=False)) for hits in (on_b, on_a)
    )
    if not (for_a or for_b):
        return None
    return replace(pool, a=_with_proteins(pool.a, for_a), b=_with_proteins(pool.b, for_b))


def flags_exchanged(pool: Pool) -> Pool | None:
    """The two drugs change PK flags with each other: actor and affected drug change places."""
    if not (_hits(pool.a, pool.b) or _hits(pool.b, pool.a)):
        return None
    a, b = replace(pool.a, pk_flags=pool.b.pk_flags), replace(pool.b, pk_flags=pool.a.pk_flags)
    return replace(pool, a=a, b=b)


def protein_of(flag: str) -> str:
    """The enzyme or transporter of a PK flag."""
    return flag.rpartition("_")[0]


def _hits(acting: DrugEvidence, affected: DrugEvidence) -> set[str]:
    """Flags of one drug that inhibit or induce what handles the other."""
    handlers = {protein_of(flag) for flag in affected.pk_flags if _role(flag) is PkRole.SUBSTRATE}
    return {
        flag
        for flag in acting.pk_flags
        if _role(flag) is not PkRole.SUBSTRATE and protein_of(flag) in handlers
    }


def _role(flag: str) -> PkRole:
    return PkRole(flag.rpartition("_")[2])


def _with_roles_flipped(drug: DrugEvidence, hits: set[str]) -> DrugEvidence:
    flipped = {f"{protein_of(flag)}_{_OPPOSITE[_role(flag)]}" for flag in hits}
    return replace(drug, pk_flags=tuple(sorted({*drug.pk_flags} - hits | flipped)))


def _with_proteins(drug: DrugEvidence, renamed: Mapping[str, str]) -> DrugEvidence:
    """The drug with proteins exchanged, in its flags and in its lists of accessions alike."""
    accession = {name: key for key, name in PROTEINS.items()}
    moved = {accession[old]: accession[new] for old, new in renamed.items()}
    flags = {f"{renamed.get(protein_of(flag), protein_of(flag))}_{_role(flag)}" for flag in drug.pk_flags}
    kinds = (drug.targets, drug.enzymes, drug.transporters, drug.carriers)
    targets, enzymes, transporters, carriers = (
        tuple(sorted(moved.get(protein, protein) for protein in kind)) for kind in kinds
    )
    return replace(
        drug,
        pk_flags=tuple(sorted(flags)),
        targets=targets,
        enzymes=enzymes,
        transporters=transporters,
        carriers=carriers,
    )
