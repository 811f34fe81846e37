"""The stage infer on a release of six drugs and an untrained student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mard.errors import GateFailure
from mard.gates.report import enforce
from mard.infer.verify import RULES
from mard.io import read_json, read_jsonl
from mard.schema import Part, Protocol
from tasks import contracts, infer
from tasks.decisions import Evidence
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
    assert table.height == pairs * (len(layers) + 2)  # greedy and symmetrise have both orders
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


def test_the_precision_of_every_flag_is_reported(done: Path) -> None:
    flags = read_json(done / "manifest.json")["flags"]
    assert flags.keys() == set(Protocol)
    for table in flags.values():
        assert [flag["rule"] for flag in table] == list(RULES)
        assert all((flag["precision"] is None) == (flag["fired"] == 0) for flag in table)


def test_without_the_constraint_the_stage_ends_too(tmp_path: Path, one_process: None) -> None:
    """An untrained student writes no trace: every layer says so, and nothing is fitted."""
    loose = finish_until_dpo(tmp_path)
    infer_params = replace(loose.params.infer, constrained=False)
    loose = replace(loose, params=replace(loose.params, infer=infer_params))
    run_stage("infer", infer.compute, loose)
    measured = read_json(loose.stage("infer") / "manifest.json")["constraint"]
    assert measured["off"]["parse_rate"] == 0.0
    assert measured["on"]["parse_rate"] == 1.0
    assert not contracts.read(loose.stage("infer"), "infer/predictions")["parsed"].any()


def test_gate_9_refuses_thresholds_fitted_on_test(workspace: Workspace) -> None:
    evidence = Evidence.open(workspace)
    test = evidence.gold[Protocol.WARM].filter(pl.col("part") == "test")["pair_id"]
    planted = [(Protocol.WARM, Part.VAL, pair) for pair in test]
    with pytest.raises(GateFailure, match="training_rows fails on thresholds on warm: 2 violations"):
        enforce(evidence.check(planted))
