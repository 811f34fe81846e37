"""The stage teach: complete, resumable after kill -9, byte-identical, mapped inside a flow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mard.errors import TeacherUnavailable
from mard.io import read_json, read_jsonl, sha256_file
from mard.teach.client import EndpointTeacher
from mard.teach.generate import Shard
from mard.teach.symbolic.teacher import SymbolicTeacher
from tasks import teach
from tasks.stage import Workspace, run_stage
from tests.unit.tasks.teacher_set import PAIRS, write_teacher_set
from tests.unit.teach.server import completion, serving


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


KILLED_ON_THE_THIRD_SHARD = """
import os, signal, sys
from pathlib import Path
from tasks import teach
from tasks.stage import run_stage, workspace_for

generate, calls = teach.generate, []

def dying(*arguments):
    calls.append(None)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return generate(*arguments)

teach.generate = dying
workspace = workspace_for(
    Path(sys.argv[1]), overrides=["teach.candidates=3", "teach.shard_pairs=5", "prm.epsilon=0.1"]
)
run_stage("teach", teach.compute, workspace)
"""


def test_a_killed_run_resumes_and_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = write_teacher_set(tmp_path / "undisturbed")
    run_stage("teach", teach.compute, undisturbed)
    disturbed = write_teacher_set(tmp_path / "disturbed")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_ON_THE_THIRD_SHARD, str(disturbed.artifacts)],
        env={**os.environ, "PYTHONPATH": "."},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not disturbed.stage("teach").exists(), "nothing half-written"
    (work,) = (disturbed.artifacts / ".work" / "teach").iterdir()
    assert len(list(work.glob("shard-*.jsonl"))) == 2, "the finished shards are kept"

    written = []
    real = teach.generate

    def counting(shard: Shard, *rest: object) -> object:
        written.append(shard.number)
        return real(shard, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(teach, "generate", counting)
    run_stage("teach", teach.compute, disturbed)
    assert written == [2, 3, 4], "finished shards are not done again"
    assert hashes(disturbed) == hashes(undisturbed)


def test_work_begun_under_other_parameters_is_not_resumed(tmp_path: Path) -> None:
    warm = write_teacher_set(tmp_path / "warm")
    hot = write_teacher_set(tmp_path / "hot", "teach.temperature_low=0.9")
    run_stage("teach", teach.compute, warm)
    run_stage("teach", teach.compute, hot)
    assert hashes(warm) != hashes(hot)


ENDPOINT = "{name: served, kind: openai, base_url: '%s', model: tiny, api_key_env: null, concurrency: 4}"


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
    served = teach.build_teacher(params.teachers[0], params, at_once=2)
    assert isinstance(served, EndpointTeacher)
    assert served.endpoint.concurrency == 2  # two shards at once share the four
    defaults = write_teacher_set(tmp_path / "defaults").params.teach
    assert isinstance(teach.build_teacher(defaults.teachers[0], defaults, at_once=1), SymbolicTeacher)


def test_an_unreachable_teacher_leaves_nothing_but_finished_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> object:
        raise TeacherUnavailable("teacher served: no answer")

    monkeypatch.setattr(teach, "generate", unreachable)
    workspace = write_teacher_set(tmp_path)
    with pytest.raises(TeacherUnavailable):
        run_stage("teach", teach.compute, workspace)
    assert not workspace.stage("teach").exists()


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
