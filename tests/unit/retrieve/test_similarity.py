from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mard.config import Weights
from mard.retrieve.similarity import CHANNELS, DrugFeatures, drug_similarity, pair_evidence, without
from tests.unit.retrieve.drugs import EVEN, drug, features, random_features, table

ROWS = np.arange(4)


@pytest.fixture
def four():
    """Two drugs alike in part, one like nothing, one without any feature."""
    return features(
        drug(1, pathways=["SMP1", "SMP2"], targets=["P1"], enzymes=["P2"], atc=["L01EK01"], bits=[0, 1, 2]),
        drug(
            2,
            pathways=["SMP2", "SMP3"],
            enzymes=["P1", "P2"],
            carriers=["P3"],
            atc=["J01AA01", "L01EB02"],
            bits=[1, 2, 9],
        ),
        drug(3, pathways=["SMP9"], targets=["P9"], atc=["C09AA05"], bits=[40]),
        drug(4),
    )


def test_eq_8_by_hand(four):
    # pathways {1,2} and {2,3}: 1/3. proteins of all roles {P1,P2} and {P1,P2,P3}: 2/3.
    # L01EK01 and L01EB02 share L, L01, L01E: depth 3 of 5. bits {0,1,2} and {1,2,9}: 2/4.
    # 0.25 (1/3 + 2/3 + 3/5 + 1/2) = 0.525
    found = drug_similarity(four, ROWS, ROWS, EVEN)
    assert found.dtype == np.float32
    assert found[0, 1] == pytest.approx(0.525)
    assert found[0, 2] == 0
    assert found[0, 0] == pytest.approx(1.0)


def test_a_drug_without_features_is_like_no_drug_not_even_itself(four):
    assert drug_similarity(four, ROWS, ROWS, EVEN)[3].tolist() == [0, 0, 0, 0]


def test_weights_choose_channels(four):
    tanimoto_only = Weights(pathway=0, protein=0, atc=0, tanimoto=0.8)
    assert drug_similarity(four, ROWS[:1], ROWS[1:2], tanimoto_only)[0, 0] == pytest.approx(0.4)
    assert drug_similarity(four, ROWS[:1], ROWS[1:2], without(EVEN, "atc"))[0, 0] == pytest.approx(0.375)
    assert sum(vars(without(EVEN, channel))[channel] for channel in CHANNELS) == 0


@pytest.mark.parametrize(
    ("one", "other", "depth"),
    [
        ("L01EK01", "L01EK01", 5),
        ("L01EK01", "L01EK02", 4),
        ("L01EK01", "L01EB01", 3),
        ("L01EK01", "L01AA01", 2),
        ("L01EK01", "L04AX01", 1),
        ("L01EK01", "J02AC03", 0),
        ("L01E", "L01EK01", 3),
    ],
)
def test_atc_depth_counts_shared_levels(one, other, depth):
    pair = features(drug(1, atc=[one]), drug(2, atc=[other]))
    assert pair_evidence(pair, np.array([0]), np.array([1]))[0].atc_depth == depth


def test_rounding_never_lifts_a_similarity_above_one():
    # in float32 0.1 + 0.6 + 0.1 + 0.2 is 1.0000001
    alike = features(drug(1, pathways=["SMP1"], targets=["P1"], atc=["L01EK01"], bits=[0]))
    uneven = Weights(pathway=0.1, protein=0.6, atc=0.1, tanimoto=0.2)
    assert drug_similarity(alike, ROWS[:1], ROWS[:1], uneven)[0, 0] <= 1


def test_pair_evidence_by_hand(four):
    alike, unlike = pair_evidence(four, np.array([0, 0]), np.array([1, 3]))
    assert alike.pathway_jaccard == pytest.approx(1 / 3)
    assert alike.protein_jaccard == pytest.approx(2 / 3)
    assert alike.smiles_tanimoto == 0.5
    assert (unlike.pathway_jaccard, unlike.protein_jaccard, unlike.atc_depth, unlike.smiles_tanimoto) == (
        0,
        0,
        0,
        0,
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_matrix_and_pairs_agree_with_sets(seed):
    drugs, rows = random_features(8, seed)
    every = np.arange(8)
    found = drug_similarity(drugs, every, every, EVEN)
    assert (found == found.T).all()
    for a in range(8):
        pairs = pair_evidence(drugs, np.full(8, a), every)
        for b, pair in enumerate(pairs):
            assert pair.protein_jaccard == pytest.approx(jaccard(proteins(rows[a]), proteins(rows[b])))
            assert pair.pathway_jaccard == pytest.approx(
                jaccard(set(rows[a]["pathways"]), set(rows[b]["pathways"]))
            )
            assert pair.smiles_tanimoto == pytest.approx(jaccard(set(rows[a]["bits"]), set(rows[b]["bits"])))
            total = pair.pathway_jaccard + pair.protein_jaccard + pair.atc_depth / 5 + pair.smiles_tanimoto
            assert found[a, b] == pytest.approx(total / 4, abs=1e-6)


def proteins(row):
    return {item for role in ("targets", "enzymes", "transporters", "carriers") for item in row[role]}


def jaccard(one, other):
    return len(one & other) / len(one | other) if one | other else 0.0


def test_features_survive_their_files(four, tmp_path):
    four.save(tmp_path)
    loaded = DrugFeatures.load(tmp_path)
    assert loaded.drug_ids == four.drug_ids
    assert (drug_similarity(loaded, ROWS, ROWS, EVEN) == drug_similarity(four, ROWS, ROWS, EVEN)).all()


def test_an_undescribed_drug_gets_a_row_without_features():
    rows, bits = table([drug(2)]), np.zeros((1, 8), dtype=np.uint8)
    built = DrugFeatures.build(rows, bits, extra=["DB00001", "DB00002"])
    assert built.drug_ids == ("DB00001", "DB00002")
    assert pair_evidence(built, np.array([0]), np.array([1]))[0].smiles_tanimoto == 0
