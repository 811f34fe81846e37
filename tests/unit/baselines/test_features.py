from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from mard.baselines.features import FOLDED_BITS, DrugTable, Tier, Votes, pair_features
from mard.schema import PkRole
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=12, pairs=40)
TABLE = DrugTable.build(WORLD.drugs, WORLD.fingerprints)
FLIP = {"a_to_b": "b_to_a", "b_to_a": "a_to_b", "bidirectional": "bidirectional"}


def _neighbours(direction: str = "a_to_b") -> pl.DataFrame:
    pairs = WORLD.labels["pair_id"]
    rows = [(pair, "PK_Metabolism", direction, 0.6) for pair in pairs] + [
        (pair, "AdverseRisk", "bidirectional", 0.2) for pair in pairs
    ]
    return pl.DataFrame(rows, schema=["pair_id", "family", "direction", "similarity"], orient="row")


@pytest.mark.parametrize("tier", Tier)
def test_flipping_the_pair_keeps_symmetric_features_and_negates_oriented_ones(tier: Tier) -> None:
    pairs = WORLD.labels
    flipped = pairs.select("pair_id", drug_a="drug_b", drug_b="drug_a")
    channels = np.random.default_rng(0).random((pairs.height, 4))
    forth = pair_features(
        tier, TABLE, pairs, channels, [Votes.of_neighbours(pairs["pair_id"], _neighbours("a_to_b"))]
    )
    back = pair_features(
        tier, TABLE, flipped, channels, [Votes.of_neighbours(pairs["pair_id"], _neighbours("b_to_a"))]
    )
    assert (forth.symmetric.toarray() == back.symmetric.toarray()).all()
    assert (forth.oriented.toarray() == -back.oriented.toarray()).all()
    assert np.abs(forth.oriented.toarray()).sum() > 0


def test_each_tier_holds_the_one_before() -> None:
    pairs = WORLD.labels
    votes, channels = [Votes.of_neighbours(pairs["pair_id"], _neighbours())], np.ones((pairs.height, 4))
    made = [pair_features(tier, TABLE, pairs, channels, votes).symmetric.toarray() for tier in Tier]
    for smaller, larger in pairwise(made):
        assert larger.shape[1] > smaller.shape[1]
        assert (larger[:, : smaller.shape[1]] == smaller).all()
    assert made[0].shape[1] == 2 * FOLDED_BITS + 4  # fingerprints and the four similarities, nothing else


def test_an_inhibitor_of_what_clears_the_other_drug_shows_once_and_with_its_direction() -> None:
    drugs = WORLD.drugs.head(2).with_columns(
        pk_flags=pl.Series([["cyp3a4_inh"], ["cyp3a4_sub"]]), atc=pl.Series([["A01AA01"], ["A01AA01"]])
    )
    table = DrugTable.build(drugs, np.zeros((2, 256), dtype=np.uint8))
    pair = pl.DataFrame({"pair_id": ["p"], "drug_a": [drugs["drug_id"][0]], "drug_b": [drugs["drug_id"][1]]})
    votes = Votes.of_neighbours(pair["pair_id"], _neighbours().clear())
    made = pair_features(Tier.PHARMACOLOGY, table, pair, np.zeros((1, 4)), [votes])
    # the ATC prefixes cancel; sub -1 (B has it), inh +1; A inhibits what clears B: +1 for CYP3A4, +1 in all
    assert sorted(made.oriented.toarray()[0][made.oriented.toarray()[0] != 0].tolist()) == [
        -1.0,
        1.0,
        1.0,
        1.0,
    ]


def test_flags_of_all_roles_lie_over_the_same_proteins() -> None:
    assert len({matrix.shape for matrix in TABLE.flags.values()}) == 1
    total = sum(int(TABLE.flags[role].sum()) for role in PkRole)
    assert total == WORLD.drugs["pk_flags"].list.len().sum()


def test_folding_keeps_a_bit_wherever_one_was_set() -> None:
    bits = np.zeros((1, 2048), dtype=np.uint8)
    bits[0, [0, FOLDED_BITS, 2047]] = 1  # the first two fold into one
    table = DrugTable.build(WORLD.drugs.head(1), np.packbits(bits, axis=1))
    assert np.flatnonzero(table.fingerprints.toarray()[0]).tolist() == [0, FOLDED_BITS - 1]


def test_a_drug_without_evidence_has_no_features() -> None:
    rows = TABLE.rows(pl.Series(["DB90001", "DB99999", "DB00001"]))
    assert rows.tolist() == [1, 12, 12]
    assert TABLE.fingerprints[[12]].sum() == TABLE.atc[[12]].sum() == 0


def test_votes_by_hand() -> None:
    neighbours = pl.DataFrame(
        {
            "pair_id": ["p", "p", "p"],
            "family": ["AdverseRisk", "PK_Metabolism", "PK_Metabolism"],
            "direction": ["bidirectional", "a_to_b", "b_to_a"],
            "similarity": [0.2, 0.5, 0.3],
        }
    )
    votes = Votes.of_neighbours(pl.Series(["p", "q"]), neighbours)
    # shares 0.2 and 0.8 of 1.0, highest 0.5, mean 1/3; metabolism leans 0.5 - 0.3 towards a_to_b
    assert votes.symmetric[0] == pytest.approx([0.2, 0, 0, 0, 0, 0, 0.8, 0.5, 1 / 3])
    assert votes.oriented[0] == pytest.approx([0, 0, 0, 0, 0, 0, 0.2])
    assert (votes.symmetric[1] == 0).all()  # a pair without neighbours


def test_tiers_are_written_in_roman_numerals() -> None:
    assert [str(tier) for tier in Tier] == ["(i)", "(ii)", "(iii)"]
