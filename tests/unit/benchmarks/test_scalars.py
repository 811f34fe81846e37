from __future__ import annotations

import numpy as np
import pytest

from benchmarks import scalars
from mard.retrieve.similarity import PairScalars


def test_every_value_is_that_of_sets_and_of_rdkit():
    ratios, details = scalars.run(0.003)
    assert ratios.keys() == {"speedup_vs_rdkit_bulk"}
    assert details["differences"] == 0
    assert details["pairs"] > 1_000
    assert details["matrix_vs_blas"] > 0


@pytest.mark.parametrize("channel", ["pathway_jaccard", "atc_depth", "smiles_tanimoto"])
def test_a_wrong_value_is_counted(channel):
    found = _values()
    getattr(found, channel)[1] += 1
    # a Tanimoto has two references
    expected = 2 if channel == "smiles_tanimoto" else 1
    assert scalars._differences(found, _values().smiles_tanimoto.astype(float), _values()) == expected


def _values():
    thirds = [np.array([0, 1 / 3], dtype=np.float32) for _ in range(3)]
    return PairScalars(thirds[0], thirds[1], np.array([0, 5], dtype=np.uint8), thirds[2])
