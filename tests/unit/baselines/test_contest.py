from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from mard.baselines.contest import Contest, run_baselines
from mard.baselines.features import DrugTable
from mard.config import Baselines
from mard.schema import Protocol
from tests.unit.evaluate.world import make_world

WORLD = make_world(drugs=40, pairs=400, noise=0.0)
TRAIN, TEST = WORLD.labels.gather_every(2), WORLD.labels.gather_every(2, offset=1)
INDEX = WORLD.index(warm=TRAIN)
QUERIES = TEST.select("pair_id", "drug_a", "drug_b")
CONTEST = Contest(
    Protocol.WARM,
    TRAIN,
    QUERIES,
    INDEX,
    DrugTable.build(WORLD.drugs, WORLD.fingerprints),
    Baselines(
        models=["majority", "neighbour_vote", "kernel_propagation", "logistic", "xgboost", "mlp"],
        max_train=150,
        k=5,
        sharpness=4.0,
        trees=5,
        depth=4,
        seed=0,
    ),
)


def _only(*models: str) -> Contest:
    return replace(CONTEST, params=replace(CONTEST.params, models=list(models)))


@pytest.fixture(scope="module")
def answers() -> pl.DataFrame:
    return run_baselines(CONTEST)


def test_every_baseline_answers_every_query_once(answers: pl.DataFrame) -> None:
    assert answers["model"].unique(maintain_order=True).to_list() == [
        "majority",
        "neighbour vote",
        "kernel propagation",
        *(f"{model} {tier}" for tier in ("(i)", "(ii)", "(iii)") for model in ("logistic", "xgboost", "mlp")),
    ]
    for _, own in answers.group_by("model"):
        assert sorted(own["pair_id"]) == QUERIES["pair_id"].to_list()
    assert answers.null_count().sum_horizontal().item() == 0


def test_pharmacology_helps_where_labels_follow_from_it(answers: pl.DataFrame) -> None:
    right = answers.join(TEST.select("pair_id", truth="family"), on="pair_id")
    accuracy = dict(right.group_by("model").agg((pl.col("family") == pl.col("truth")).mean()).iter_rows())
    assert accuracy["xgboost (ii)"] > accuracy["xgboost (i)"] + 0.1 > accuracy["majority"] + 0.1


def test_the_labels_of_the_queries_are_never_looked_at(answers: pl.DataFrame) -> None:
    # the contest holds no label of a query: the same answers come out whatever the world says about them
    assert set(CONTEST.queries.columns) == {"pair_id", "drug_a", "drug_b"}
    assert not set(TRAIN["pair_id"]) & set(QUERIES["pair_id"])


def test_the_same_seed_gives_the_same_answers_on_any_number_of_workers(answers: pl.DataFrame) -> None:
    again = run_baselines(_only("xgboost", "mlp"), workers=3)
    assert again.equals(answers.join(again, on="model", how="semi"))


def test_what_it_was_fitted_on_is_the_train_part_and_what_retrieval_shows() -> None:
    assert set(CONTEST.fitted_on()) == set(TRAIN["pair_id"])
    leaky = replace(CONTEST, index=WORLD.index(warm=WORLD.labels))
    assert set(leaky.fitted_on()) == set(WORLD.labels["pair_id"])


def test_only_what_is_asked_for_is_run_and_reported() -> None:
    seen: list[tuple[int, int]] = []
    table = run_baselines(_only("majority"), on_progress=lambda *done: seen.append(done))
    assert table["model"].unique().to_list() == ["majority"]
    assert seen == [(1, 1)]
