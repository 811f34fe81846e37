"""Latent classes of drugs: what the drugs of one share, so that they interact alike and look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.synthetic.molecules import Scaffold, draw_scaffold
from benchmarks.synthetic.names import draw_stem, word
from benchmarks.synthetic.sizes import Sizes
from mard.evidence.pk_flags import PROTEINS

_ATC_LETTERS: Final = "ABCDGHJLMNPRSV"
_ACTIONS: Final = ("inhibitor", "agonist", "antagonist", "potentiator", "modulator", "binder")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ENZYMES: Final = tuple(accession for accession, flag in PROTEINS.items() if flag.startswith(("cyp", "ugt")))
TRANSPORTERS: Final = tuple(accession for accession in PROTEINS if accession not in ENZYMES)
_CARRIER_GENES: Final = {"P02768": "ALB", "P02763": "ORM1"}
CARRIERS: Final = tuple(_CARRIER_GENES)


@dataclass(frozen=True, slots=True)
class Protein:
    """A protein as a release lists it."""

    uniprot: str
    gene: str
    name: str


PK_PROTEINS: Final = {
    accession: Protein(accession, gene.upper(), f"{gene.upper()} protein")
    for accession, gene in {**PROTEINS, **_CARRIER_GENES}.items()
}
"""The enzymes, transporters and carriers: real ones, by UniProt accession."""


@dataclass(frozen=True, slots=True)
class DrugClass:
    """What the drugs of a class have in common.

    Attributes:
        stem: What their names end in.
        atc: Two ATC codes down to the chemical subgroup (five characters).
        targets: Their targets, of which each drug has some; ``action`` is what they do there.
        enzymes: Accessions of the enzymes that most of them are substrates or inhibitors of.
        pathways: (SMPDB id, name).
    """

    stem: str
    atc: tuple[str, str]
    scaffold: Scaffold
    action: str
    targets: tuple[Protein, ...]
    enzymes: tuple[str, ...]
    transporters: tuple[str, ...]
    pathways: tuple[tuple[str, str], ...]


def draw_targets(random: Random, count: int) -> tuple[Protein, ...]:
    """Made-up proteins for drugs to act on, no two with the same accession."""
    found: dict[str, Protein] = {}
    while len(found) < count:
        accession = _accession(random)
        gene = word(random, 1).upper() + str(random.randrange(1, 30))
        name = f"{word(random, 2).capitalize()} receptor subunit {random.choice(_LETTERS)}"
        if accession not in PK_PROTEINS:
            found.setdefault(accession, Protein(accession, gene, name))
    return tuple(found.values())


def draw_classes(random: Random, sizes: Sizes, targets: Sequence[Protein]) -> list[DrugClass]:
    """The classes of a release; some share targets, and all share the enzymes."""
    return [_draw_class(random, number, targets) for number in range(sizes.classes)]


def _draw_class(random: Random, number: int, targets: Sequence[Protein]) -> DrugClass:
    pathways = [7 * number + place for place in range(1, 3)]
    return DrugClass(
        stem=draw_stem(random),
        atc=(_atc_group(random), _atc_group(random)),
        scaffold=draw_scaffold(random),
        action=random.choice(_ACTIONS),
        targets=tuple(random.sample(targets, 5)),
        enzymes=tuple(random.sample(ENZYMES, 3)),
        transporters=tuple(random.sample(TRANSPORTERS, 2)),
        pathways=tuple(
            (f"SMP{place:07d}", f"{word(random, 2).capitalize()} Action Pathway") for place in pathways
        ),
    )


def _accession(random: Random) -> str:
    inner = "".join(random.choices(_LETTERS + "0123456789", k=3))
    return f"{random.choice('OPQ')}{random.randrange(10)}{inner}{random.randrange(10)}"


def _atc_group(random: Random) -> str:
    letters = random.choice(_ATC_LETTERS), random.choice("ABCDE"), random.choice("ABCDEFGH")
    return f"{letters[0]}{random.randrange(1, 12):02d}{letters[1]}{letters[2]}"
