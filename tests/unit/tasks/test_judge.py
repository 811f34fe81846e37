"""The stage judge: a verdict for every trace, labelled steps once for each different trace."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.evidence.render import render
from mard.io import read_json, read_jsonl, sha256_file
from mard.judge.step_labels import step_labels
from mard.retrieve.pools import PoolStore
from mard.schema import Trace
from tasks import contracts, judge, teach
from tasks.stage import Workspace, run_stage
from tests.unit.tasks.teacher_set import gold, write_teacher_set


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for stage in (teach, judge):
        monkeypatch.setattr(stage, "log_run", lambda *_: None)
    workspace = write_teacher_set(tmp_path)
    run_stage("teach", teach.compute, workspace)
    run_stage("judge", judge.compute, workspace)
    return workspace


def test_every_candidate_has_a_verdict(workspace: Workspace) -> None:
    verdicts = contracts.read(workspace.stage("judge"), "judge/verdicts")
    assert verdicts.height == 189
    right = verdicts.filter(pl.col("tier") == "full_correct")
    assert right.height > 0
    for pair_id, family, subtype in right.select("pair_id", "family", "subtype").iter_rows():
        assert (family, subtype) == (gold(pair_id).family, gold(pair_id).subtype)
    wrong = verdicts.filter(~pl.col("abstain") & (pl.col("tier") == "rejected"))
    assert wrong["failed"].list.contains("G4").all()


def test_step_rows_hold_the_students_prompt_and_the_labels_of_the_trace(workspace: Workspace) -> None:
    rows = list(read_jsonl(workspace.stage("judge") / "steps.jsonl"))
    store = PoolStore.open(workspace.stage("evidence"), workspace.stage("retrieve"))
    for row in rows:
        pool = store.pool("teacher", row["pair_id"])
        trace = Trace.from_dict(row["trace"])
        assert row["labels"] == list(step_labels(trace, pool, gold(row["pair_id"])))
        assert row["prompt"] == render(pool, detail="brief")
        assert row["part"] == store.part("teacher", row["pair_id"])
    different = {(row["pair_id"], Trace.from_dict(row["trace"])) for row in rows}
    assert len(different) == len(rows)


def test_the_manifest_counts_gates_and_tiers_per_teacher(workspace: Workspace) -> None:
    folder = workspace.stage("judge")
    manifest = read_json(folder / "manifest.json")
    assert set(manifest["teachers"]) == {"pk_first", "pharmacology_first", "analogy_first"}
    for own in manifest["teachers"].values():
        assert own["candidates"] == sum(own["tiers"].values()) == 63
        assert own["gate_pass_rate"]["G2"] == 1.0  # symbolic teachers cite what is there
        assert own["gate_pass_rate"]["G4"] < 1.0  # and are not always right
    assert manifest["sha256"]["steps.jsonl"] == sha256_file(folder / "steps.jsonl")
    metrics = judge.metrics_of(manifest["teachers"], manifest["agreement"])
    assert metrics["pk_first/G2_pass_rate"] == 1.0


def test_judging_again_gives_the_same_bytes(workspace: Workspace) -> None:
    before = read_json(workspace.stage("judge") / "manifest.json")
    run_stage("judge", judge.compute, workspace)
    assert read_json(workspace.stage("judge") / "manifest.json") == before
