"""Molecules of a drug class: one scaffold, other substituents.

A scaffold is two ring systems and a linker; each piece has one place for a substituent.
"""

from __future__ import annotations

from random import Random
from typing import Final

_LEFT_RINGS: Final = (
    "c1ccc({})cc1",
    "c1cc({})ncc1",
    "c1nc({})ncc1",
    "c1sc({})nc1",
    "[nH]1c2ccc({})cc2cc1",
    "c1ccc2nc({})ccc2c1",
    "n1c2cc({})ccc2oc1",
    "C1CCC({})CC1",
    "C1CCN({})CC1",
    "C1OCCN({})C1",
    "c1c({})cc2OCOc2c1",
    "C1CC2CC({})CC1N2",
    "c1ccc2c(c1)CCC({})C2",
    "c1oc({})cc1",
)
_LINKERS: Final = (
    "C(=O)N({})",
    "N({})C(=O)",
    "C({})O",
    "OC({})C",
    "S(=O)(=O)N({})",
    "C(=O)OC({})",
    "CC({})N",
    "C({})=C",
    "N({})C(=O)N",
    "SC({})",
    "C(O)C({})N",
    "CC({})CC",
)
_RIGHT_RINGS: Final = (
    "c3ccc({})cc3",
    "c3cc({})ccn3",
    "C3CCN({})CC3",
    "c3nc({})cs3",
    "c3nc4cc({})ccc4[nH]3",
    "C3CC3({})",
    "c3ccc4c(c3)cc({})cn4",
    "C3CCC({})C3",
    "c3cn({})nn3",
    "C3OC({})CC3O",
    "c3cc(O)cc({})c3",
    "N3CCN({})CC3",
)
_SUBSTITUENTS: Final = (
    "C",
    "CC",
    "C(C)C",
    "C(C)(C)C",
    "CCO",
    "CCN(C)C",
    "CC(=O)O",
    "C(F)(F)F",
    "CC#N",
    "C(=O)N",
    "C(=O)OC",
    "CCC",
    "CCCC",
    "C5CC5",
    "c5ccccc5",
    "c5ccc(F)cc5",
    "c5ccc(Cl)cc5",
    "Cc5ccncc5",
    "CC(C)C",
    "CCOC",
)

Scaffold = tuple[str, str, str]


def draw_scaffold(random: Random) -> Scaffold:
    """Two ring systems and a linker, each with a place for a substituent."""
    return random.choice(_LEFT_RINGS), random.choice(_LINKERS), random.choice(_RIGHT_RINGS)


def draw_smiles(scaffold: Scaffold, random: Random) -> str:
    """The SMILES of one molecule on a scaffold."""
    return "".join(piece.format(random.choice(_SUBSTITUENTS)) for piece in scaffold)
