from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from mard.baselines.arrays import FAMILIES, PROBABILITIES, texts
from mard.baselines.classifiers import Model
from mard.baselines.features import PairFeatures
from mard.baselines.propagation import Tally
from mard.baselines.structural import Examples, sample_train, structural
from mard.schema import Direction

TRAIN = pl.DataFrame(
    [
        ("p0", "PK_Metabolism", "metabolism", "a_to_b", "down"),
        ("p1", "PK_Metabolism", "metabolism", "b_to_a", "down"),
        ("p2", "PK_Metabolism", "metabolism", "b_to_a", "up"),
        ("p3", "AdverseRisk", "bleeding", "bidirectional", "up"),
    ],
    schema=["pair_id", "family", "subtype", "direction", "polarity"],
    orient="row",
)
LOGISTIC = Model("logistic", trees=0, depth=0, seed=0)
XGBOOST = Model("xgboost", trees=20, depth=3, seed=0)
MLP = Model("mlp", trees=0, depth=0, seed=0)


def _features(symmetric: list[list[float]], oriented: list[list[float]]) -> PairFeatures:
    return PairFeatures(sparse.csr_array(np.array(symmetric)), sparse.csr_array(np.array(oriented)))


def _queries(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"pair_id": list(names)})


def _many(copies: int = 12) -> Examples:
    """The four training pairs over and over; the first feature gives the family, the oriented one the way."""
    pairs = pl.concat([TRAIN.with_columns(pl.col("pair_id") + f"x{copy}") for copy in range(copies)])
    symmetric = [[1.0, 0.2], [1.0, 0.1], [1.0, 0.3], [0.0, 0.2]] * copies
    return Examples(pairs, _features(symmetric, [[1.0], [-1.0], [-1.0], [0.0]] * copies))


@pytest.mark.parametrize("model", [LOGISTIC, XGBOOST, MLP], ids=lambda model: model.name)
def test_a_structural_model_answers_the_whole_label(model: Model) -> None:
    asked = Examples(_queries("q", "r", "s"), _features([[1, 0.2], [1, 0.2], [0, 0.2]], [[1], [-1], [1]]))
    answers = structural(model, _many(), asked)
    assert answers["pair_id"].to_list() == ["q", "r", "s"]
    assert answers["family"].to_list() == ["PK_Metabolism", "PK_Metabolism", "AdverseRisk"]
    # where a subtype is bidirectional in train, the direction classifier is not asked
    assert answers["direction"].to_list() == ["a_to_b", "b_to_a", "bidirectional"]
    assert answers["subtype"].to_list() == ["metabolism", "metabolism", "bleeding"]
    probable = answers.select(PROBABILITIES).to_numpy()
    assert probable.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert [FAMILIES[place] for place in probable.argmax(axis=1)] == answers["family"].to_list()
    assert set(np.flatnonzero(probable.any(axis=0))) == {
        0,
        6,
    }  # families that train does not have are ruled out


@pytest.mark.parametrize("model", [LOGISTIC, XGBOOST, MLP], ids=lambda model: model.name)
def test_a_flipped_pair_gets_the_mirrored_direction(model: Model) -> None:
    draw = np.random.default_rng(0)
    oriented = draw.normal(size=(48, 3))
    direction = np.where(oriented[:, 0] + 0.3 * draw.normal(size=48) > 0, "a_to_b", "b_to_a")
    pairs = pl.DataFrame(
        {
            "pair_id": [f"p{i}" for i in range(48)],
            "family": "Efficacy",
            "subtype": "e",
            "direction": direction,
            "polarity": "up",
        }
    )
    train = Examples(pairs, PairFeatures(sparse.csr_array(np.ones((48, 1))), sparse.csr_array(oriented)))
    z, one = sparse.csr_array(draw.normal(size=(20, 3))), sparse.csr_array(np.ones((20, 1)))
    asked = _queries(*(f"q{i}" for i in range(20)))
    forth, back = (
        texts(structural(model, train, Examples(asked, PairFeatures(one, each)))["direction"])
        for each in (z, -z)
    )
    assert set(forth) == {"a_to_b", "b_to_a"}
    assert (np.where(forth == Direction.A_TO_B, "b_to_a", "a_to_b") == back).all()


def test_in_the_third_tier_training_pairs_of_the_family_decide_the_subtype() -> None:
    kinds = [("AdverseRisk", "qtc_prolongation", "up"), ("PK_Metabolism", "other_subtype", "up")]
    heard = np.array([[[0, 0, 0.9], [0, 0, 0.2]], np.zeros((2, 3))], dtype=np.float32)
    asked = Examples(
        _queries("q", "r"), _features([[1, 0.2], [1, 0.2]], [[1], [1]]), Tally(np.array(kinds), heard)
    )
    answers = structural(LOGISTIC, _many(), asked)
    assert answers["family"].to_list() == ["PK_Metabolism"] * 2
    assert answers["subtype"].to_list() == ["other_subtype", "metabolism"]
    assert answers["direction"].to_list() == ["bidirectional", "a_to_b"]


def test_a_train_part_with_one_family_and_no_direction_is_answered_with_it() -> None:
    train = Examples(TRAIN.tail(1), _features([[0, 1]], [[0]]))
    answers = structural(LOGISTIC, train, Examples(_queries("q"), _features([[1, 1]], [[1]])))
    sure = [1.0 if family == "AdverseRisk" else 0.0 for family in FAMILIES]
    assert answers.row(0) == ("q", "AdverseRisk", "bleeding", "bidirectional", "up", *sure, 1.0)


def test_sampling_keeps_the_shares_of_the_families_and_is_seeded() -> None:
    train = pl.DataFrame({"pair_id": [f"p{i:03}" for i in range(100)], "family": ["A"] * 80 + ["B"] * 20})
    chosen = sample_train(train, 10, seed=1)
    assert chosen["family"].value_counts().sort("family").rows() == [("A", 8), ("B", 2)]
    assert chosen.equals(sample_train(train.reverse(), 10, seed=1))
    assert not chosen.equals(sample_train(train, 10, seed=2))
    assert sample_train(train, 100, seed=1).equals(train)
