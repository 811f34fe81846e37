"""The kernels against plain sets and RDKit, on drugs rich enough to take every branch."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit.DataStructs import CreateFromBitString, TanimotoSimilarity

from mard.config import Weights
from mard.retrieve import scalars
from mard.retrieve.scalars import ATC_LEVELS, COMMON, atc_word
from mard.retrieve.similarity import DrugFeatures, drug_similarity, pair_scalars
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, drug, table

DRUGS, BITS = 12, 192
PROTEINS = [f"P{number:03}" for number in range(COMMON + 60)]
CODES = ["L01EK01", "L01EB02", "L01XX", "L01E", "L01", "L", "J02AC03", "J02AC04", "J05", "A10BA02", ""]


def world(seed):
    """Drugs whose sets have common and rare members, codes of every length, some drugs without anything."""
    draw = random.Random(seed)

    def some(values, most):
        return draw.sample(values, draw.choice([0, 1, 2, draw.randint(0, most)]))

    rows = [
        drug(
            number,
            pathways=some(PROTEINS, 8),
            targets=some(PROTEINS, 60),
            carriers=some(PROTEINS, 60),
            atc=some(CODES, 6),
            bits=some(range(BITS), BITS),
        )
        for number in range(1, DRUGS + 1)
    ]
    bits = np.zeros((DRUGS, BITS), dtype=np.uint8)
    for place, row in enumerate(rows):
        bits[place, row["bits"]] = 1
    return DrugFeatures.build(table(rows), np.packbits(bits, axis=1)), rows, bits


def every_pair():
    a, b = np.meshgrid(np.arange(DRUGS), np.arange(DRUGS))
    return a.reshape(-1), b.reshape(-1)


def jaccard(one, other):
    one, other = set(one), set(other)
    return np.float32(len(one & other) / len(one | other)) if one | other else np.float32(0)


def prefixes(row):
    return {code[:level] for code in row["atc"] for level in ATC_LEVELS if len(code) >= level}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_every_bit_is_that_of_sets_and_of_rdkit(seed):
    features, rows, bits = world(seed)
    molecules = [CreateFromBitString("".join(map(str, row))) for row in bits]
    a, b = every_pair()
    found = pair_scalars(features, a, b)
    for p, (u, v) in enumerate(zip(a, b, strict=True)):
        one, other = rows[u], rows[v]
        depth = len({len(prefix) for prefix in prefixes(one) & prefixes(other)})
        assert found.pathway_jaccard[p] == jaccard(one["pathways"], other["pathways"])
        proteins = (row["targets"] + row["carriers"] for row in (one, other))
        assert found.protein_jaccard[p] == jaccard(*proteins)
        assert found.atc_depth[p] == depth
        assert found.smiles_tanimoto[p] == np.float32(TanimotoSimilarity(molecules[u], molecules[v]))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_scalars_are_symmetric_and_bounded(seed):
    features, *_ = world(seed)
    a, b = every_pair()
    forth, back = pair_scalars(features, a, b), pair_scalars(features, b, a)
    for name, values in vars(forth).items():
        assert (values == getattr(back, name)).all()
        assert values.min() >= 0
        assert values.max() <= (5 if name == "atc_depth" else 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([EVEN, Weights(0.1, 0.6, 0.1, 0.2), Weights(0, 0.5, 0, 0.5)]))
def test_the_matrix_is_the_weighted_sum_of_the_scalars(seed, weights):
    features, *_ = world(seed)
    a, b = every_pair()
    own = pair_scalars(features, a, b)
    total = np.zeros(len(a), dtype=np.float32)
    for weight, channel in (
        (weights.pathway, own.pathway_jaccard),
        (weights.protein, own.protein_jaccard),
        (weights.atc, own.atc_depth.astype(np.float32) / np.float32(5)),
        (weights.tanimoto, own.smiles_tanimoto),
    ):
        total += np.float32(weight) * channel
    every = np.arange(DRUGS)
    found = drug_similarity(features, every, every, weights)
    assert (found[b, a] == np.minimum(total, 1)).all()


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit(threads, monkeypatch):
    monkeypatch.setattr(scalars, "PAIRS_A_PART", 7)
    monkeypatch.setattr(scalars, "ROWS_A_PART", 2)
    features, *_ = world(3)
    a, b = every_pair()
    alone, shared = pair_scalars(features, a, b), pair_scalars(features, a, b, threads=threads)
    assert all((values == getattr(shared, name)).all() for name, values in vars(alone).items())
    rows, columns = np.arange(DRUGS), np.arange(DRUGS)[::-1]
    matrices = [drug_similarity(features, rows, columns, EVEN, threads=count) for count in (1, threads)]
    assert (matrices[0] == matrices[1]).all()


@pytest.mark.parametrize("row", [-1, DRUGS + 1])
def test_a_row_that_does_not_exist_is_refused_in_any_thread(row, monkeypatch):
    monkeypatch.setattr(scalars, "PAIRS_A_PART", 7)
    monkeypatch.setattr(scalars, "ROWS_A_PART", 2)
    features, *_ = world(3)
    a, b = every_pair()
    a[-1] = row
    with pytest.raises(IndexError, match=f"rows of {DRUGS + 1} drugs must lie between 0 and {DRUGS}"):
        pair_scalars(features, a, b, threads=2)
    with pytest.raises(IndexError, match=f"between 0 and {DRUGS}"):
        drug_similarity(features, a, b, EVEN, threads=2)


def test_rows_of_any_whole_type_will_do():
    features, *_ = world(3)
    a, b = every_pair()
    short = pair_scalars(features, a.astype(np.int32), b.astype(np.uint16))
    assert all(
        (values == getattr(short, name)).all() for name, values in vars(pair_scalars(features, a, b)).items()
    )


def test_no_pairs_and_no_drugs():
    nothing = np.empty(0, dtype=np.int64)
    features, *_ = world(1)
    assert len(pair_scalars(features, nothing, nothing).atc_depth) == 0
    assert drug_similarity(features, nothing, np.arange(DRUGS), EVEN).shape == (0, DRUGS)
    empty = DrugFeatures.build(table([]), np.zeros((0, 8), dtype=np.uint8))
    assert pair_scalars(empty, np.array([0]), np.array([0])).smiles_tanimoto.tolist() == [0]


def test_an_unknown_drug_gets_the_row_without_features():
    features, *_ = world(1)
    rows = features.rows_of(pl.Series([drug_id(2), "DB99999"]))
    assert rows.tolist() == [1, DRUGS]
    found = pair_scalars(features, np.full(DRUGS + 1, DRUGS), np.arange(DRUGS + 1))
    assert not any(values.any() for values in vars(found).values())


def test_frequent_members_get_the_low_numbers():
    rows = [drug(number, targets=["P9", f"P{number}"]) for number in range(1, 4)]
    packed = DrugFeatures.build(table(rows), np.zeros((3, 8), dtype=np.uint8)).packed
    # P9 is in three drugs; P1, P2 and P3 in one each, numbered by name
    assert packed.proteins.items.tolist() == [0, 1, 0, 2, 0, 3]
    assert packed.proteins.sizes.tolist() == [2, 2, 2, 0]


def test_a_code_is_its_characters_and_its_depth():
    # L=0x4C 0=0x30 1=0x31 E=0x45 K=0x4B, and 5 levels
    assert atc_word("L01EK01") == 0x4C3031454B303105
    assert atc_word("L01") == 0x4C30310000000002
    assert atc_word("l01ek01") == atc_word("L01EK01")
