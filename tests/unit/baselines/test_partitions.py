from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.baselines.features import DrugTable
from mard.baselines.partitions import Corpus
from mard.config import Weights, load_params
from mard.errors import InputError
from mard.retrieve.similarity import DrugFeatures
from mard.schema import Protocol
from tasks.partitions import readable, run_partitions, summarise
from tasks.stage import workspace_for
from tests.unit.evaluate.world import make_world

PARAMS = load_params(Path("params.yaml"))
WORLD = make_world(drugs=60, pairs=600)
CORPUS = Corpus(
    WORLD.labels,
    WORLD.drugs.with_columns(secondary_ids=pl.lit([], dtype=pl.List(pl.String)), inchikey=pl.lit("")),
    DrugFeatures.build(WORLD.drugs, WORLD.fingerprints),
    DrugTable.build(WORLD.drugs, WORLD.fingerprints),
    PARAMS.split,
    Weights(0.25, 0.25, 0.25, 0.25),
    PARAMS.baselines,
)


def _drugs(pairs: pl.DataFrame) -> set[str]:
    return {*pairs["drug_a"], *pairs["drug_b"]}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_partition_trains_on_what_it_asks(number: int) -> None:
    contests = list(CORPUS.contests(number))
    assert [contest.protocol for contest, _ in contests] == list(Protocol)
    for contest, gold in contests:
        assert not set(contest.fitted_on()) & set(gold["pair_id"])
        assert contest.queries["pair_id"].to_list() == gold["pair_id"].to_list() != []
    cold = dict(zip(Protocol, contests, strict=True))[Protocol.PAIR_COLD]
    assert not _drugs(cold[0].train) & _drugs(cold[1])


def test_partitions_differ_and_are_seeded() -> None:
    first, again, second = (
        [gold["pair_id"].to_list() for _, gold in CORPUS.contests(number)] for number in (0, 0, 1)
    )
    assert first == again
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_mean_and_spread_by_hand() -> None:
    rows = [
        {"protocol": "warm", "model": "majority", "macro_f1": value, "accuracy": 0.5, "ths": 0.25}
        for value in (0.1, 0.2, 0.6)
    ]
    found = summarise(rows)["warm"]["majority"]
    # mean 0.3; squares 0.04 + 0.01 + 0.09 = 0.14 over 2 = 0.07; its root 0.2646
    assert found["macro_f1"] == {"mean": 0.3, "spread": 0.2646, "values": [0.1, 0.2, 0.6]}
    assert readable({"protocols": {"warm": {"majority": found}}}).splitlines()[-1] == (
        "| majority | 0.300 ± 0.265 / 0.250 |"
    )


def test_one_partition_has_no_spread(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 partitions have no spread"):
        run_partitions(workspace_for(tmp_path), 1)
