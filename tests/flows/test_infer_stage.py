"""The stage infer on a release of six drugs and an untrained student."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.errors import GateFailure
from mard.gates.report import enforce
from mard.io import read_json, read_jsonl
from mard.schema import Protocol
from tasks import contracts, infer
from tasks.stage import Workspace, run_stage
from tests.trained import finish_until_dpo


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return finish_until_dpo(tmp_path_factory.mktemp("infer"))


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.infer.os.cpu_count", lambda: 1)


@pytest.fixture(scope="module")
def done(workspace: Workspace) -> Path:
    """The stage's folder, made by two worker processes."""
    run_stage("infer", infer.compute, workspace)
    return workspace.stage("infer")


def test_every_pair_is_answered_by_every_layer(done: Path) -> None:
    table = contracts.read(done, "infer/predictions")
    layers = read_json(done / "stack.json")["layers"]
    pairs = 3 * 4  # protocols x (2 val + 2 test)
    assert table.height == pairs * (len(layers) + 1)  # greedy has both orders
    assert set(table["layer"]) == set(layers)
    assert read_json(done / "manifest.json")["candidates"] == pairs * (2 + 2)


def test_with_the_constraint_everything_parses_and_nothing_is_made_up(done: Path) -> None:
    measured = read_json(done / "manifest.json")["constraint"]
    assert measured["on"] == {"texts": 24, "parse_rate": 1.0, "hr": 0.0}
    assert measured["off"]["parse_rate"] == 0.0  # the student never learnt to write JSON


def test_candidates_are_told_in_canonical_order(done: Path) -> None:
    rows = list(read_jsonl(done / "candidates.jsonl"))
    assert {row["ordering"] for row in rows} == {"ab", "ba"}
    assert all(len(row["step_scores"]) == len(row["trace"]["steps"]) + 1 for row in rows)


def test_a_killed_stage_resumes_and_writes_the_same_bytes(
    workspace: Workspace, done: Path, one_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {path.name: path.read_bytes() for path in done.iterdir() if path.is_file()}
    answered = []

    def interrupted(self: infer.Desk, shard: infer.Shard) -> infer.Shard:
        if len(answered) == 2:
            raise KeyboardInterrupt
        answered.append(shard)
        return answer(self, shard)

    answer = infer.Desk.answer
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(infer.Desk, "answer", interrupted)
        run_stage("infer", infer.compute, workspace)
    assert sum(shard.file.exists() for shard in infer._shards(workspace)) == 2
    run_stage("infer", infer.compute, workspace)
    assert {path.name: path.read_bytes() for path in done.iterdir() if path.is_file()} == expected


def test_gate_9_refuses_thresholds_fitted_on_test(workspace: Workspace) -> None:
    gold = infer._gold(workspace)
    test = gold[Protocol.WARM].filter(pl.col("part") == "test")["pair_id"]
    planted = infer.Shard(infer.Protocol.WARM, infer.Part.VAL, tuple(test), Path("unused"))
    with pytest.raises(GateFailure, match="training_rows fails on thresholds on warm: 2 violations"):
        enforce(infer.check([planted], gold))
