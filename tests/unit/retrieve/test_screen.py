from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from mard.baselines.arrays import LEVELS
from mard.baselines.plurality import elect, neighbour_ballots
from mard.errors import InputError
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.screen import COLUMNS, Screener, Screening, Shard
from mard.schema import Direction, Family, Label, Polarity
from tests.corpora import drug_id
from tests.unit.retrieve.drugs import EVEN, labelled, random_features

LABELS = (
    Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN),
    Label(Family.PK_METABOLISM, "metabolism", Direction.B_TO_A, Polarity.UP),
    Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP),
    Label(Family.ADVERSE_RISK, "sedation", Direction.A_TO_B, Polarity.UP),
)
DRUGS = 23
SHOWN = ["drug_a", "drug_b", *LEVELS]


@pytest.fixture(scope="module")
def index() -> NeighbourIndex:
    """Drugs 1 to 16 have training pairs; the others are described or not at all."""
    draw = random.Random(5)
    pairs = [pair for pair in combinations(range(1, 17), 2) if draw.random() < 0.3]
    known = labelled((drug_id(a), drug_id(b), draw.choice(LABELS)) for a, b in pairs)
    return NeighbourIndex.build(random_features(DRUGS, seed=3)[0], EVEN, {"warm": known})


@pytest.fixture(scope="module")
def ask() -> Screening:
    return Screening("warm", 3, "include", 0.0, 5, tuple(drug_id(number) for number in range(1, DRUGS + 1)))


def listed(index: NeighbourIndex) -> pl.DataFrame:
    """The pairs that the universe holds, as if they were all that the release lists."""
    ids = pl.Series(index.drug_ids)
    c, d = index.universes["warm"].members.pairs.T
    return pl.DataFrame({"drug_a": ids[c], "drug_b": ids[d]})


def screened(index: NeighbourIndex, ask: Screening) -> tuple[pl.DataFrame, dict[str, int]]:
    """All shards together."""
    found = [Screener(index, ask, listed(index)).screen(shard) for shard in ask.shards()]
    tables = [pl.DataFrame(pl.from_arrow(own.table)).cast(dict.fromkeys(SHOWN, pl.String)) for own in found]
    total = {name: sum(own.counts[name] for own in found) for name in found[0].counts}
    return pl.concat(tables).sort("drug_a", "drug_b"), total


def test_shards_are_the_triangle_of_all_pairs(ask: Screening):
    # 23 drugs in blocks of 5: 5 + 4 + 3 + 2 + 1 shards; 10 pairs in a diagonal block, 3 in the last one
    shards = list(ask.shards())
    assert len(shards) == 15
    assert [ask.pairs_of(shard) for shard in shards if shard.row == shard.column] == [10, 10, 10, 10, 3]
    assert ask.pairs_of(Shard(0, 4)) == 5 * 3
    assert sum(map(ask.pairs_of, shards)) == ask.pairs == 23 * 22 // 2
    lonely = replace(ask, shard_drugs=22)
    assert [shard.file_name for shard in lonely.shards()] == [
        "pairs-0000-0000.parquet",
        "pairs-0000-0001.parquet",
    ]


def test_every_pair_has_the_vote_and_the_channels_that_single_queries_give(index, ask):
    table, counts = screened(index, ask)
    assert table.columns == list(COLUMNS)
    assert list(table.select("drug_a", "drug_b").rows()) == list(combinations(ask.drugs, 2))
    assert counts == {"pairs": 253, "known": 0, "dissimilar": 0, "kept": 253}
    rows = []
    for a, b in combinations(ask.drugs, 2):
        for rank, found in enumerate(index.query("warm", a, b, ask.k)):
            label = (
                str(found.label.family),
                found.label.subtype,
                str(found.label.direction),
                str(found.label.polarity),
            )
            rows.append((f"{a}|{b}", rank, found.similarity, *label))
    schema = {
        "pair_id": pl.String,
        "rank": pl.Int64,
        "similarity": pl.Float64,
        **dict.fromkeys(LEVELS, pl.String),
    }
    neighbours = pl.DataFrame(rows, schema=schema, orient="row")
    assert table["similarity"].to_list() == neighbours.filter(pl.col("rank") == 0)["similarity"].to_list()
    voted = elect(neighbour_ballots(neighbours), ["pair_id"])
    assert table.select(LEVELS).equals(voted.select(LEVELS))
    assert table["share"].to_numpy() == pytest.approx(voted["share"].to_numpy(), abs=2e-6)
    own = [index.pair_evidence(a, b) for a, b in combinations(ask.drugs, 2)]
    for channel in ("pathway_jaccard", "protein_jaccard", "atc_depth", "smiles_tanimoto"):
        assert table[channel].to_list() == [getattr(evidence, channel) for evidence in own]


def test_known_pairs_are_marked_or_left_out_and_counted(index, ask):
    table, _ = screened(index, ask)
    marked = table.filter("known").select("drug_a", "drug_b")
    assert marked.rows() == listed(index).sort("drug_a", "drug_b").rows()
    rest, counts = screened(index, replace(ask, known="exclude"))
    assert rest.equals(table.filter(~pl.col("known")))
    assert counts == {"pairs": 253, "known": marked.height, "dissimilar": 0, "kept": 253 - marked.height}


def test_pairs_like_no_training_pair_are_left_out_and_counted(index, ask):
    table, _ = screened(index, ask)
    near, counts = screened(index, replace(ask, min_similarity=0.6))
    assert near.equals(table.filter(pl.col("similarity") >= np.float32(0.6)))
    assert 0 < counts["kept"] < 253
    assert counts["dissimilar"] == 253 - counts["kept"]


def test_the_size_of_shards_changes_nothing_but_their_number(index, ask):
    assert screened(index, replace(ask, shard_drugs=7))[0].equals(screened(index, ask)[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drugs": ("DB00001",)}, "at least two drugs, got 1"),
        ({"known": "maybe"}, "known is 'maybe': the choice is include or exclude"),
        ({"k": 0}, "at least one neighbour"),
        ({"min_similarity": 1.5}, "between 0 and 1, got a least one of 1.5"),
        ({"shard_drugs": 0}, "0 drugs a shard"),
    ],
)
def test_an_impossible_screening_is_refused(ask, change, message):
    with pytest.raises(InputError, match=message):
        replace(ask, **change)


def test_a_universe_that_is_not_there_is_refused(index, ask):
    with pytest.raises(InputError, match="no universe 'cold'"):
        Screener(index, replace(ask, universe="cold"), listed(index)).screen(Shard(0, 0))
