"""The stage infer on a release of six drugs and an untrained student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mard.config import Server
from mard.errors import ConfigError, GateFailure
from mard.gates.report import enforce
from mard.infer.verify import RULES
from mard.io import read_json, read_jsonl
from mard.schema import Part, Protocol
from tasks import contracts, infer
from tasks.decisions import Evidence
from tasks.layers import ORACLE, ablate_layers, readable
from tasks.stage import Workspace, run_stage
from tests.builders import metabolism_trace
from tests.trained import finish_until_dpo
from tests.unit.teach.server import Reply, serving, texts


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


def test_without_samples_the_two_greedy_traces_vote(tmp_path: Path, one_process: None) -> None:
    bare = finish_until_dpo(tmp_path)
    infer_params = replace(bare.params.infer, samples_warm=0, samples_cold=0)
    bare = replace(bare, params=replace(bare.params, infer=infer_params))
    run_stage("infer", infer.compute, bare)
    asked: dict[tuple[str, str], list[str]] = {}
    for row in read_jsonl(bare.stage("infer") / "candidates.jsonl"):
        assert row["index"] is None
        asked.setdefault((row["protocol"], row["pair_id"]), []).append(row["ordering"])
    assert len(asked) == 3 * 4
    assert all(sorted(orderings) == ["ab", "ba"] for orderings in asked.values())
    table = contracts.read(bare.stage("infer"), "infer/predictions")
    voted = table.filter(pl.col("layer") == "prm_vote_consensus")
    assert voted.height == 3 * 4
    assert voted["parsed"].all()


def test_a_served_student_answers_and_what_its_server_lets_pass_is_counted(tmp_path: Path) -> None:
    """Of each prompt, the greedy text is a trace that cites its pool and the one sample is none."""

    def answer(body: dict[str, Any], _number: int) -> Reply:
        if "response_format" not in body:
            return texts("off")
        steps = body["response_format"]["json_schema"]["schema"]["properties"]["steps"]
        cited = steps["items"]["properties"]["citations"]["items"]["enum"][0]
        first, *others = metabolism_trace().steps
        own = (replace(first, citations=(cited,)), *(replace(step, citations=()) for step in others))
        return texts(replace(metabolism_trace(), steps=own).to_json() if body["temperature"] == 0 else "{")

    with serving(answer) as seen:
        asked = finish_until_dpo(tmp_path)
        server = Server(seen.url, "student", None, concurrency=2)
        infer_params = replace(asked.params.infer, server=server)
        run_stage("infer", infer.compute, replace(asked, params=replace(asked.params, infer=infer_params)))
    manifest = read_json(asked.stage("infer") / "manifest.json")
    assert manifest["served"] == {"texts": 48, "unparsed": 24, "foreign": 0}
    assert manifest["constraint"]["on"] == {"texts": 24, "parse_rate": 1.0, "hr": 0.0}
    assert manifest["constraint"]["off"]["parse_rate"] == 0.0
    assert {
        row["phi"] > 0 for row in read_jsonl(asked.stage("infer") / "candidates.jsonl") if row["trace"]
    } == {True}


def test_the_layers_are_ablated_without_decoding_again(workspace: Workspace, done: Path) -> None:
    """The rows of the stack's own layers are those of the stage; the oracle is at least as good as any."""
    table = ablate_layers(workspace)
    assert table.height == 3 * (5 + len(workspace.params.infer.stack[1:]) + 1)
    made = contracts.read(done, "infer/predictions").filter(
        (pl.col("layer") == "conformal") & (pl.col("part") == "test") & (pl.col("protocol") == "warm")
    )
    split = contracts.read(workspace.need("split"), "split/warm").select("pair_id", gold="family")
    right = made.join(split, on="pair_id").select((pl.col("family") == pl.col("gold")).mean()).item()
    warm = table.filter(pl.col("protocol") == "warm")
    assert warm.filter(pl.col("stack").str.ends_with("> conformal"))["accuracy"].item() == right
    assert warm.filter(pl.col("stack") == ORACLE)["accuracy"].item() == warm["accuracy"].max()
    assert "pair_cold, 2 test pairs" in readable(table)


def test_another_stack_can_be_tried_and_an_unknown_layer_is_refused(workspace: Workspace, done: Path) -> None:
    tried = ablate_layers(workspace, ["self_consistency", "learned_verifier"], hybrid=True)
    assert "  > learned_verifier" in tried["stack"].to_list()
    with pytest.raises(ConfigError, match="no layer is called 'oracle'"):
        ablate_layers(workspace, ["oracle"])


def test_gate_9_refuses_thresholds_fitted_on_test(workspace: Workspace) -> None:
    evidence = Evidence.open(workspace)
    test = evidence.gold[Protocol.WARM].filter(pl.col("part") == "test")["pair_id"]
    planted = [(Protocol.WARM, Part.VAL, pair) for pair in test]
    with pytest.raises(GateFailure, match="training_rows fails on thresholds on warm: 2 violations"):
        enforce(evidence.check(planted))
