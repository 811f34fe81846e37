from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mard.baselines.arrays import FAMILIES, LEVELS
from mard.baselines.propagation import Propagation, Tally
from mard.baselines.votes import kernel_propagation
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=16, pairs=70)
TRAIN, HELD_OUT = WORLD.labels.head(50), WORLD.labels.tail(20)
VOTERS = Propagation.of(WORLD.index(warm=TRAIN), TRAIN, HELD_OUT, sharpness=2.0)
AHEAD = {"a_to_b": 0, "b_to_a": 1, "bidirectional": 2}


def _by_hand(drug_a: str, drug_b: str, hidden: set[str], voters: pl.DataFrame = TRAIN) -> np.ndarray:
    """Votes by family and direction ``[7, 3]``, one voter after the other."""
    votes, at = np.zeros((7, 3)), VOTERS.place
    for row in voters.iter_rows(named=True):
        c, d = row["drug_a"], row["drug_b"]
        if {c, d} & hidden or {c, d} == {drug_a, drug_b}:
            continue
        same = VOTERS.kernel[at[drug_a], at[c]] * VOTERS.kernel[at[drug_b], at[d]]
        turned = VOTERS.kernel[at[drug_a], at[d]] * VOTERS.kernel[at[drug_b], at[c]]
        own = votes[FAMILIES.index(row["family"])]
        direction = AHEAD[row["direction"]]
        if direction == 2:
            own[2] += same + turned
        else:
            own[direction] += same
            own[1 - direction] += turned
    return votes


def test_a_vote_is_the_product_of_two_likenesses_to_the_power() -> None:
    pair = TRAIN.filter(pl.col("direction") == "a_to_b").head(1)
    c, d = pair.select("drug_a", "drug_b").row(0)
    asked = HELD_OUT.filter(~pl.col("drug_a").is_in([c, d]) & ~pl.col("drug_b").is_in([c, d])).head(1)
    index = WORLD.index(warm=pair)
    tally = Propagation.of(index, pair, asked, sharpness=3.0).tally(asked)
    a, b = asked.select("drug_a", "drug_b").row(0)
    rows = index.features.rows_of([a, b, c, d])
    s = [[_similarity(index, u, v) for v in rows[2:]] for u in rows[:2]]
    # a like c and b like d: a acts on b; a like d and b like c: the other way round
    assert tally.scores[0, 0] == pytest.approx(
        [(s[0][0] * s[1][1]) ** 3, (s[0][1] * s[1][0]) ** 3, 0], rel=1e-5
    )


def _similarity(index, u, v) -> float:  # type: ignore[no-untyped-def]
    from mard.retrieve.similarity import drug_similarity

    return float(drug_similarity(index.features, np.array([u]), np.array([v]), index.weights)[0, 0])


def test_a_held_out_pair_hears_every_training_pair() -> None:
    tally = VOTERS.tally(HELD_OUT)
    for row, scores in zip(HELD_OUT.iter_rows(named=True), tally.scores, strict=True):
        expected = _by_hand(row["drug_a"], row["drug_b"], set())
        for place, family in enumerate(FAMILIES):
            heard = scores[tally.kinds[:, 0] == family].sum(axis=0)
            assert heard == pytest.approx(expected[place], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("hide", [(False, False), (True, False), (False, True), (True, True)])
def test_a_training_pair_hears_neither_itself_nor_the_drugs_that_it_hides(hide: tuple[bool, bool]) -> None:
    votes = VOTERS.votes(TRAIN, np.tile(hide, (TRAIN.height, 1)))
    for place, row in enumerate(TRAIN.iter_rows(named=True)):
        hidden = {row[side] for side, gone in zip(("drug_a", "drug_b"), hide, strict=True) if gone}
        expected = _by_hand(row["drug_a"], row["drug_b"], hidden)
        share = expected / expected.sum()
        assert votes.symmetric[place] == pytest.approx(share.sum(axis=1), abs=1e-4)
        assert votes.oriented[place] == pytest.approx(share[:, 0] - share[:, 1], abs=1e-4)


def test_a_flipped_pair_hears_the_same_families_and_the_mirrored_directions() -> None:
    flipped = HELD_OUT.select(drug_a="drug_b", drug_b="drug_a")
    nobody = np.zeros((HELD_OUT.height, 2), dtype=bool)
    forth, back = VOTERS.votes(HELD_OUT, nobody), VOTERS.votes(flipped, nobody)
    assert forth.symmetric == pytest.approx(back.symmetric, abs=2e-6)
    assert forth.oriented == pytest.approx(-back.oriented, abs=2e-6)


def _tally(*scores: list[list[float]]) -> Tally:
    kinds = [
        ("AdverseRisk", "bleeding", "up"),
        ("PK_Metabolism", "metabolism", "down"),
        ("PK_Metabolism", "metabolism", "up"),
        ("PK_Metabolism", "other", "up"),
    ]
    return Tally(np.array(kinds), np.array(scores, dtype=np.float32))


def test_the_label_is_elected_level_by_level_within_the_family() -> None:
    tally = _tally([[0, 0, 5.0], [1, 0, 0], [0.5, 1.2, 0], [2.0, 0, 0]])
    # in all: AdverseRisk 5, PK_Metabolism 4.7; metabolism 2.7 beats other 2; a_to_b 1.5 beats b_to_a 1.2;
    # for a_to_b down 1 beats up 0.5
    assert tally.shares()[0] == pytest.approx([5 / 9.7, 0, 0, 0, 0, 0, 4.7 / 9.7])
    assert tally.elect(np.array(["AdverseRisk"])).row(0) == ("AdverseRisk", "bleeding", "bidirectional", "up")
    assert tally.elect(np.array(["PK_Metabolism"])).row(0) == (
        "PK_Metabolism",
        "metabolism",
        "a_to_b",
        "down",
    )


def test_nobody_speaks_for_a_family_without_votes() -> None:
    tally = _tally([[0, 0, 0.0]] * 4, [[0, 0, 1.0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert tally.shares()[0].tolist() == [0.0] * 7
    assert tally.elect(np.array(["AdverseRisk", "PK_Metabolism"])).null_count().row(0) == (2, 2, 2, 2)


def test_a_query_that_is_like_no_pair_gets_the_majority() -> None:
    train = TRAIN.head(3).with_columns(
        family=pl.lit("Efficacy"), subtype=pl.lit("e"), direction=pl.lit("a_to_b"), polarity=pl.lit("up")
    )
    tally = _tally([[0, 0, 0.0]] * 4, [[0, 0, 0], [0, 3, 0], [0, 0, 0], [0, 1, 0]])
    answers = kernel_propagation(train, pl.DataFrame({"pair_id": ["q", "r"]}), tally)
    assert answers.select("pair_id", *LEVELS, "margin").rows() == [
        ("q", "Efficacy", "e", "a_to_b", "up", 1.0),
        ("r", "PK_Metabolism", "metabolism", "b_to_a", "down", 1.0),
    ]
