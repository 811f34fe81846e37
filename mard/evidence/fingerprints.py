"""Morgan fingerprints from SMILES, packed to bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator


def morgan_fingerprints(
    smiles: Sequence[str | None], radius: int, bits: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Morgan bit fingerprints of ``n`` structures.

    Args:
        smiles: One SMILES or None for each drug.
        radius: Neighbourhood radius in bonds.
        bits: Length of a fingerprint, a multiple of 8.

    Returns:
        Packed bits, uint8 ``[n, bits / 8]``, zeros where there is no readable structure; and bool
        ``[n]``, whether there is one.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    packed = np.zeros((len(smiles), bits // 8), dtype=np.uint8)
    readable = np.zeros(len(smiles), dtype=np.bool_)
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text) if text else None
            if molecule is not None and molecule.GetNumAtoms():
                packed[row] = np.packbits(generator.GetFingerprintAsNumPy(molecule))
                readable[row] = True
    return packed, readable
