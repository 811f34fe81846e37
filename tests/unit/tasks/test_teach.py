"""The stage teach: complete, exactly once under kill -9, capped by budget, byte-identical."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mard.errors import BudgetReached
from mard.io import read_json, read_jsonl, sha256_file
from mard.teach.client import EndpointTeacher
from mard.teach.symbolic.teacher import SymbolicTeacher
from tasks import teach
from tasks.stage import Workspace, run_stage, workspace_for
from tests.builders import metabolism_trace
from tests.unit.tasks.teacher_set import PAIRS, write_teacher_set
from tests.unit.teach.server import Reply, completion, serving


@pytest.fixture(autouse=True)
def _no_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teach, "log_run", lambda *_: None)


def hashes(workspace: Workspace) -> dict[str, str]:
    folder = workspace.stage("teach")
    return {str(p.relative_to(folder)): sha256_file(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_teacher_answers_every_pair_at_every_temperature(tmp_path: Path) -> None:
    workspace = write_teacher_set(tmp_path)
    summary = run_stage("teach", teach.compute, workspace)
    rows = [
        row
        for path in sorted(workspace.stage("teach").glob("candidates/*.jsonl"))
        for row in read_jsonl(path)
    ]
    expected = [
        (pair_id, teacher, index)
        for pair_id in PAIRS
        for teacher in ("pk_first", "pharmacology_first", "analogy_first")
        for index in range(3)
    ]
    assert [(row["pair_id"], row["teacher"], row["index"]) for row in rows] == expected
    assert (summary["pairs"], summary["candidates"]) == (21, 189)
    manifest = read_json(workspace.stage("teach") / "manifest.json")
    assert len(manifest["sha256"]) == 5  # 21 pairs in shards of 5
    assert not (tmp_path / ".work" / "teach").exists(), "the scratch folder is gone"


ONE_RUN = """
import sys
from pathlib import Path
from tasks import teach
from tasks.stage import run_stage, workspace_for

teach.log_run = lambda *_: None
workspace = workspace_for(Path(sys.argv[1]), overrides=sys.argv[2:])
run_stage("teach", teach.compute, workspace)
"""
SMALL = ("teach.candidates=3", "teach.shard_pairs=5", "prm.epsilon=0.1")
ENDPOINT = "{name: served, kind: openai, base_url: '%s', model: tiny, concurrency: 4}"


def start(workspace: Workspace, *overrides: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ONE_RUN, str(workspace.artifacts), *SMALL, *overrides]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."})


def test_killed_again_and_again_it_loses_and_repeats_nothing(tmp_path: Path) -> None:
    def slow(_body: dict[str, Any], _number: int) -> Reply:
        time.sleep(0.02)
        return completion(metabolism_trace().to_json(), prompt_tokens=100, completion_tokens=10)

    with serving(slow) as seen:
        teachers = f"teach.teachers=[{ENDPOINT % seen.url}]"
        undisturbed = write_teacher_set(tmp_path / "undisturbed", teachers)
        run_stage("teach", teach.compute, undisturbed)
        assert len(seen.bodies) == 63
        seen.bodies.clear()
        disturbed = write_teacher_set(tmp_path / "disturbed", teachers)
        for kill in range(1, 4):
            process = start(disturbed, teachers)
            while len(seen.bodies) < 15 * kill:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            assert not disturbed.stage("teach").exists(), "nothing half-written"
        assert start(disturbed, teachers).wait() == 0
    assert hashes(disturbed) == hashes(undisturbed)
    seeds = Counter(body["seed"] for body in seen.bodies)
    assert len(seeds) == 63
    assert 0 < sum(seeds.values()) - 63 <= 3 * 4, "only what was under way at a kill is asked twice"


def test_answers_that_were_paid_for_outlive_the_stage(tmp_path: Path) -> None:
    with serving(lambda _body, _number: completion(metabolism_trace().to_json())) as seen:
        teachers = f"teach.teachers=[{ENDPOINT % seen.url}]"
        workspace = write_teacher_set(tmp_path, teachers)
        run_stage("teach", teach.compute, workspace)
        before = hashes(workspace)
        run_stage("teach", teach.compute, workspace)
    assert len(seen.bodies) == 63
    assert hashes(workspace) == before


def test_a_spent_budget_stops_the_stage_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    """20 answers cost 10; the 21st is under way when the 20th is counted."""
    answer = completion(metabolism_trace().to_json(), prompt_tokens=1_000_000, completion_tokens=0)
    priced = "{name: served, kind: openai, base_url: '%s', model: tiny, price_prompt: 0.5, budget: %s}"
    with serving(lambda _body, _number: answer) as seen:
        poor = write_teacher_set(tmp_path, f"teach.teachers=[{priced % (seen.url, 10)}]")
        with pytest.raises(BudgetReached, match=r"10\.50 spent, .* for 21 of 63 candidates"):
            run_stage("teach", teach.compute, poor)
        rich = workspace_for(tmp_path, overrides=[*SMALL, f"teach.teachers=[{priced % (seen.url, 40)}]"])
        run_stage("teach", teach.compute, rich)
    assert len(seen.bodies) == 63
    assert read_json(rich.stage("teach") / "manifest.json")["teachers"]["served"]["spent"] == 31.5


def test_work_begun_under_other_parameters_is_not_resumed(tmp_path: Path) -> None:
    warm = write_teacher_set(tmp_path / "warm")
    hot = write_teacher_set(tmp_path / "hot", "teach.temperature_low=0.9")
    run_stage("teach", teach.compute, warm)
    run_stage("teach", teach.compute, hot)
    assert hashes(warm) != hashes(hot)


def test_an_endpoint_is_a_teacher_like_any_other(tmp_path: Path) -> None:
    with serving(lambda _body, _number: completion("no trace", prompt_tokens=7, completion_tokens=2)) as seen:
        workspace = write_teacher_set(tmp_path, f"teach.teachers=[{ENDPOINT % seen.url}]")
        run_stage("teach", teach.compute, workspace)
    counts = read_json(workspace.stage("teach") / "manifest.json")["teachers"]["served"]
    assert counts == {
        "abstentions": 0,
        "candidates": 63,
        "completion_tokens": 126,
        "prompt_tokens": 441,
        "valid": 0,
    }
    assert len(seen.bodies) == 63
    assert seen.most_under_way <= 4


def test_backends_follow_the_configuration(tmp_path: Path) -> None:
    workspace = write_teacher_set(tmp_path, f"teach.teachers=[{ENDPOINT % 'http://127.0.0.1:9/v1'}]")
    params = workspace.params.teach
    served = teach.build_teacher(params.teachers[0], params)
    assert isinstance(served, EndpointTeacher)
    assert (served.endpoint.concurrency, served.endpoint.requests_per_minute) == (4, None)
    defaults = write_teacher_set(tmp_path / "defaults").params.teach
    assert isinstance(teach.build_teacher(defaults.teachers[0], defaults), SymbolicTeacher)


def test_moving_an_endpoint_changes_no_question_and_another_model_does(tmp_path: Path) -> None:
    here, there = (
        write_teacher_set(
            tmp_path / port, f"teach.teachers=[{ENDPOINT % f'http://127.0.0.1:{port}/v1'}]"
        ).params.teach
        for port in ("8001", "8002")
    )
    other = replace(there.teachers[0], model="other")
    assert teach.settings(here.teachers[0], here) == teach.settings(there.teachers[0], there)
    assert teach.settings(other, there) != teach.settings(there.teachers[0], there)


def test_metrics_are_flat_numbers() -> None:
    manifest = {
        "pairs": 2,
        "candidates": 4,
        "teachers": {"p": {"candidates": 4, "valid": 3, "prompt_tokens": 10, "completion_tokens": 5}},
        "agreement": {"p|q": 0.5},
    }
    assert teach.metrics_of(manifest) == {
        "pairs": 2.0,
        "candidates": 4.0,
        "p/candidates": 4.0,
        "p/valid_share": 0.75,
        "p/tokens": 15.0,
        "agreement/p-q": 0.5,
    }
