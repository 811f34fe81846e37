"""The stage consensus with a stand-in for the reward model."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import mard.prm.score
from mard.config import FamilyProbe, Teacher
from mard.io import read_json, read_jsonl
from mard.judge import safety
from mard.retrieve.pools import PoolStore
from mard.schema import Family, Trace
from tasks import consensus, judge, teach
from tasks.stage import Workspace, run_stage
from tests.builders import metabolism_trace
from tests.unit.tasks.teacher_set import PAIRS, gold, write_teacher_set
from tests.unit.teach.server import completion, serving


class StubPrm:
    """Scores a trace by a function of it; remembers what it was asked."""

    def __init__(self, confidence_of: Callable[[Trace], float]) -> None:
        self.confidence_of = confidence_of
        self.items: list[tuple[str, Trace]] = []

    def score(self, items: Sequence[tuple[str, Trace]], *, batch_size: int) -> list[list[float]]:
        self.items += items
        return [[self.confidence_of(trace)] * (len(trace.steps) + 1) for _, trace in items]


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for stage in (teach, judge, consensus):
        monkeypatch.setattr(stage, "log_run", lambda *_: None)
    workspace = write_teacher_set(tmp_path)
    run_stage("teach", teach.compute, workspace)
    run_stage("judge", judge.compute, workspace)
    workspace.stage("prm").mkdir()
    return workspace


def decide(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, confidence_of: Callable[[Trace], float]
) -> StubPrm:
    stub = StubPrm(confidence_of)
    monkeypatch.setattr(mard.prm.score, "load_prm", lambda folder, **_: stub)
    run_stage("consensus", consensus.compute, workspace)
    return stub


def test_each_pair_has_at_most_one_winner_and_it_is_right(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(judged, monkeypatch, lambda _: 0.9)
    winners = list(read_jsonl(judged.stage("consensus") / "traces.jsonl"))
    assert [row["pair_id"] for row in winners] == sorted({row["pair_id"] for row in winners})
    assert len(winners) > len(PAIRS) / 2
    store = PoolStore.open(judged.stage("evidence"), judged.stage("retrieve"))
    for row in winners:
        answer = Trace.from_dict(row["trace"]).final_answer
        assert answer.abstain or answer.family is gold(row["pair_id"]).family
        assert row["part"] == store.part("teacher", row["pair_id"])
        assert row["regime"] == store.regime("teacher", row["pair_id"])
        assert row["phi"] == pytest.approx(0.9 + 0.1 * 0.9)  # min + epsilon x last
    assert {row["part"] for row in winners} == {"train", "val"}


def test_weights_are_tier_times_quality(judged: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(judged, monkeypatch, lambda _: 0.4)  # the model doubts everything
    tier_weights = {"full_correct": 1.0, "family_correct": 0.5, "abstention": 0.33, "near_miss": 0.25}
    for row in read_jsonl(judged.stage("consensus") / "traces.jsonl"):
        assert {"weak_step", "doubted_answer"} <= set(row["flags"])
        assert row["quality"] <= 0.64  # 0.8 x 0.8
        assert row["weight"] == pytest.approx(tier_weights[row["tier"]] * row["quality"])


def test_the_reward_model_breaks_the_choice_among_equals(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prefers_long(trace: Trace) -> float:
        return len(trace.steps) / 10

    decide(judged, monkeypatch, prefers_long)
    folder = judged.stage("consensus")
    scored: dict[str, list[dict[str, object]]] = {}
    for row in read_jsonl(folder / "scored.jsonl"):
        scored.setdefault(row["pair_id"], []).append(row)
    assert max(map(len, scored.values())) <= judged.params.consensus.max_scored_per_pair
    for row in read_jsonl(folder / "traces.jsonl"):
        rivals = [one for one in scored[row["pair_id"]] if one["tier"] == row["tier"]]
        same_vote = [one["phi"] for one in rivals if one["vote_share"] == row["vote_share"]]
        assert row["phi"] == max(same_vote)


def test_only_passing_traces_are_scored_and_each_only_once(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = decide(judged, monkeypatch, lambda _: 0.9)
    assert len(set(stub.items)) == len(stub.items)
    assert all("DB" in prompt for prompt, _ in stub.items)
    families = {Family(one["trace"]["final_answer"]["family"]) for one in _scored(judged)}
    assert families <= {Family.PK_METABOLISM, Family.ADVERSE_RISK} | _abstained(judged)


def test_winners_below_the_floor_are_dropped_and_counted(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    decide(judged, monkeypatch, lambda _: 0.4)
    loose = read_json(judged.stage("consensus") / "audit.json")
    strict = Workspace(
        params=write_teacher_set(tmp_path / "strict", "consensus.min_quality=0.65").params,
        tracking_uri=judged.tracking_uri,
        artifacts=judged.artifacts,
    )
    decide(strict, monkeypatch, lambda _: 0.4)
    report = read_json(strict.stage("consensus") / "audit.json")
    assert (loose["dropped"], report["dropped"]) == (0, report["audited"])
    assert list(read_jsonl(strict.stage("consensus") / "traces.jsonl")) == []


def test_how_many_pairs_are_scored_at_once_changes_nothing(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ("traces.jsonl", "scored.jsonl", "audit.json")
    decide(judged, monkeypatch, lambda trace: len(trace.steps) / 10)
    whole = [(judged.stage("consensus") / name).read_bytes() for name in files]
    monkeypatch.setattr(consensus, "PAIRS_AT_ONCE", 2)
    decide(judged, monkeypatch, lambda trace: len(trace.steps) / 10)
    assert [(judged.stage("consensus") / name).read_bytes() for name in files] == whole


def test_an_unsafe_winner_is_replaced_or_dropped_and_counted(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(judged, monkeypatch, lambda _: 0.9)
    safe = list(read_jsonl(judged.stage("consensus") / "traces.jsonl"))
    assert all(row["safety"] == [] for row in safe)
    texts = [row["trace"]["summary"] for row in safe]
    monkeypatch.setattr(safety, "_CERTAINTY", re.compile("|".join(re.escape(t.lower()) for t in texts)))
    flags = {**safety.FLAGS, "false_certainty": safety._matching(safety._CERTAINTY)}
    monkeypatch.setattr(safety, "FLAGS", flags)
    decide(judged, monkeypatch, lambda _: 0.9)
    left = list(read_jsonl(judged.stage("consensus") / "traces.jsonl"))
    assert not {row["trace"]["summary"] for row in left} & set(texts)
    report = read_json(judged.stage("consensus") / "audit.json")["safety"]
    assert report["flags"]["false_certainty"] == report["unsafe"] == report["replaced"] + report["dropped"]
    assert report["unsafe"] >= len(texts)


def _scored(workspace: Workspace) -> list[dict[str, dict[str, dict[str, str]]]]:
    return list(read_jsonl(workspace.stage("consensus") / "scored.jsonl"))


def _abstained(workspace: Workspace) -> set[Family]:
    """Families that are only the best guess of an abstention."""
    answers = [one["trace"]["final_answer"] for one in _scored(workspace)]
    return {Family(answer["family"]) for answer in answers if answer["abstain"]}


def test_a_probe_is_reported_and_changes_nothing_else(
    judged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(judged, monkeypatch, lambda _: 0.9)
    folder = judged.stage("consensus")
    before = read_json(folder / "manifest.json")
    assert not (folder / "probe.json").exists()
    with serving(lambda _body, _number: completion(metabolism_trace().to_json())) as seen:
        decide(asking(judged, seen.url), monkeypatch, lambda _: 0.9)
        assert len(seen.bodies) == 5
    found = read_json(folder / "probe.json")
    assert (found["probe"], found["model"], found["asked"], found["answered"]) == ("gemma", "g", 5, 5)
    assert 0 <= found["agreement"] <= 1
    assert read_json(folder / "manifest.json") == before
    with serving(lambda _body, _number: (404, "", {})) as seen:
        decide(asking(judged, seen.url), monkeypatch, lambda _: 0.9)
    assert "check base_url" in read_json(folder / "probe.json")["error"]
    assert read_json(folder / "manifest.json") == before


def asking(workspace: Workspace, url: str) -> Workspace:
    """The same workspace with a probe of five pairs."""
    model = Teacher("gemma", "openai", base_url=url, model="g")
    asked = replace(workspace.params.consensus, probe=FamilyProbe(model, pairs=5))
    return replace(workspace, params=replace(workspace.params, consensus=asked))
