from __future__ import annotations

import numpy as np

from mard.evidence.fingerprints import morgan_fingerprints


def test_unreadable_and_absent_structures_are_zeros():
    packed, readable = morgan_fingerprints(["CCO", None, "", "not a SMILES"], radius=2, bits=2048)
    assert packed.shape == (4, 256)
    assert packed.dtype == np.uint8
    assert readable.tolist() == [True, False, False, False]
    assert packed[1:].sum() == 0


def test_ethanol_has_its_six_environments():
    # radius 0: CH3, CH2, OH; radius 1: around each of the three atoms; radius 2 repeats radius 1
    packed, _ = morgan_fingerprints(["CCO"], radius=2, bits=2048)
    assert np.bitwise_count(packed).sum() == 6


def test_the_spelling_of_a_structure_does_not_matter():
    packed, _ = morgan_fingerprints(["OCC", "CCO"], radius=2, bits=1024)
    assert (packed[0] == packed[1]).all()
