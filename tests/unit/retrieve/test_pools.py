from __future__ import annotations

import polars as pl
import pytest

from mard.errors import InputError
from mard.retrieve.pools import PoolStore
from mard.schema import Direction, Family, Label, PairEvidence, Polarity
from tasks import contracts

PAIR = "DB00001|DB00002"


@pytest.fixture
def store(tmp_path):
    texts = {
        name: [[], []]
        for name in ("pk_flags", "atc", "targets", "enzymes", "transporters", "carriers", "pathways")
    }
    drugs = {
        "drug_id": ["DB00001", "DB00002"],
        "name": ["Warfarin", "Aspirin"],
        **texts,
        "half_life_hours": [40.0, None],
        "half_life_text": ["40 hours", ""],
        "half_life_names": [[], []],
        "moa": [["Blocks VKOR.", "Adds to aspirin."], []],
        "moa_names": [[[], ["DB00002"]], []],
        "has_structure": [False, False],
    }
    kinds = {name: column.dtype.type for name, column in contracts.TABLES["evidence/drugs"].columns.items()}
    contracts.write(tmp_path / "evidence", "evidence/drugs", pl.DataFrame(drugs, schema=kinds))
    ids = {"pair_id": PAIR, "drug_a": "DB00001", "drug_b": "DB00002"}
    scalars = {"pathway_jaccard": 0.0, "protein_jaccard": 0.5, "atc_depth": 2, "smiles_tanimoto": 0.25}
    queries = [
        {"set": "teacher", "part": "train", "regime": "drug_cold", **ids, **scalars},
        {"set": "warm", "part": "test", "regime": "warm", **ids, **scalars},
    ]
    contracts.write(tmp_path / "retrieve", "retrieve/queries", pl.DataFrame(queries))
    answer = {"family": "PK_Metabolism", "subtype": "metabolism", "direction": "b_to_a", "polarity": "down"}
    neighbours = [
        {
            "set": "warm",
            "pair_id": PAIR,
            "rank": rank,
            "first": "DB00009",
            "second": second,
            "similarity": 0.5,
            **answer,
        }
        for rank, second in ((1, "DB00008"), (0, "DB00007"))
    ]
    contracts.write(tmp_path / "retrieve", "retrieve/neighbours", pl.DataFrame(neighbours))
    return PoolStore.open(tmp_path / "evidence", tmp_path / "retrieve")


def test_a_pool_is_put_together_in_canonical_order(store):
    pool = store.pool("warm", PAIR)
    assert (pool.a.name, pool.b.name) == ("Warfarin", "Aspirin")
    assert pool.pair == PairEvidence(0.0, 0.5, 2, 0.25)
    assert [neighbour.second for neighbour in pool.neighbours] == ["DB00007", "DB00008"]
    assert pool.neighbours[0].label == Label(
        Family.PK_METABOLISM, "metabolism", Direction.B_TO_A, Polarity.DOWN
    )


def test_a_sentence_that_names_the_partner_is_not_in_the_pool(store):
    assert store.pool("warm", PAIR).a.moa == "Blocks VKOR."


def test_sets_are_apart(store):
    assert store.pool("teacher", PAIR).neighbours == ()
    assert store.regime("teacher", PAIR) == "drug_cold"
    assert store.part("warm", PAIR) == "test"
    assert store.pair_ids("warm") == store.pair_ids("warm", "test") == [PAIR]
    assert store.pair_ids("warm", "val") == store.pair_ids("pair_cold") == []


def test_an_absent_pair_is_named(store):
    with pytest.raises(InputError, match=r"set 'warm' has no pair 'DB00001\|DB00003'"):
        store.pool("warm", "DB00001|DB00003")
