"""PK flags: what a drug is to the enzymes and transporters that move other drugs.

A flag needs the protein's UniProt accession and an action of the release's vocabulary. Free text is
never read: "does not inhibit CYP3A4" names an enzyme and an effect, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mard.schema import PkRole

PROTEINS: Final[dict[str, str]] = {
    "P05177": "cyp1a2",
    "P11509": "cyp2a6",
    "P20813": "cyp2b6",
    "P10632": "cyp2c8",
    "P11712": "cyp2c9",
    "P33261": "cyp2c19",
    "P10635": "cyp2d6",
    "P05181": "cyp2e1",
    "P08684": "cyp3a4",
    "P20815": "cyp3a5",
    "P22309": "ugt1a1",
    "P08183": "pgp",
    "Q9UNQ0": "bcrp",
    "Q9Y6L6": "oatp1b1",
    "Q9NPD5": "oatp1b3",
    "Q4U2R8": "oat1",
    "Q8TCC7": "oat3",
    "O15244": "oct2",
    "Q96FL8": "mate1",
}
"""The 19 enzymes and transporters by UniProt accession (human)."""

ROLES: Final[dict[str, PkRole]] = {
    "substrate": PkRole.SUBSTRATE,
    "inhibitor": PkRole.INHIBITOR,
    "weak inhibitor": PkRole.INHIBITOR,
    "moderate inhibitor": PkRole.INHIBITOR,
    "strong inhibitor": PkRole.INHIBITOR,
    "competitive inhibitor": PkRole.INHIBITOR,
    "noncompetitive inhibitor": PkRole.INHIBITOR,
    "mechanism-based inhibitor": PkRole.INHIBITOR,
    "inhibitory allosteric modulator": PkRole.INHIBITOR,
    "inactivator": PkRole.INHIBITOR,
    "suppressor": PkRole.INHIBITOR,
    "blocker": PkRole.INHIBITOR,
    "downregulator": PkRole.INHIBITOR,
    "inducer": PkRole.INDUCER,
    "weak inducer": PkRole.INDUCER,
    "moderate inducer": PkRole.INDUCER,
    "strong inducer": PkRole.INDUCER,
    "upregulator": PkRole.INDUCER,
}
"""Actions that set a flag, as whole phrases; every other action sets none."""


def protein_name(protein: str) -> str:
    """``cyp3a4`` as it is written in a claim: CYP3A4, P-gp."""
    return "P-gp" if protein == "pgp" else protein.upper()


def pk_flags(links: Iterable[tuple[str, Iterable[str]]]) -> tuple[str, ...]:
    """Flags of one drug, sorted.

    Args:
        links: UniProt accession and actions of each protein that the drug is linked to, in any role.
    """
    return tuple(
        sorted(
            {
                f"{PROTEINS[uniprot]}_{ROLES[phrase]}"
                for uniprot, actions in links
                if uniprot in PROTEINS
                for action in actions
                if (phrase := " ".join(action.casefold().split())) in ROLES
            }
        )
    )
