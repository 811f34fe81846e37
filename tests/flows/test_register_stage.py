"""The stage register: versions, aliases and a model that a fresh process loads unchanged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from mard.config import Params
from mard.errors import InputError
from mard.io import read_json, write_json
from mard.register.model import load_bundle
from tasks import infer, register
from tasks.stage import Workspace, run_stage
from tests.trained import finish_until_dpo

PROMPT = "Drug A: Voriconazole DB00582\nDrug B: Axitinib DB06626\n\n"

ASK = """
import json, sys
import mlflow, torch
from mard.lm.tokenizer import token_ids

mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/mard@champion")
predictor = model.unwrap_python_model().predictor
decoder = predictor.brain.answerer.decoder
ids = torch.tensor([token_ids(decoder.tokenizer, sys.argv[2])])
logits = decoder.model(ids).logits[0, -1].tolist()
answer = model.predict([{"first": "DB00582", "second": "axitinib"}])[0]
print(json.dumps({"logits": logits, "answer": answer}))
"""


def figures(parse_rate: float = 1.0) -> dict:
    student = {"parse_rate": parse_rate, "hr": 0.0, "macro_f1": 0.5}
    return {"protocols": {name: {"pairs": 2, "student": student} for name in ("warm", "pair_cold")}}


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.infer.os.cpu_count", lambda: 1)
        yield


def ready(folder: Path, seed: int, tracking_uri: str | None = None) -> Workspace:
    """A workspace that lacks only the stage register."""
    made = finish_until_dpo(folder, seed)
    workspace = replace(made, tracking_uri=tracking_uri or made.tracking_uri)
    run_stage("infer", infer.compute, workspace)
    write_json(workspace.stage("evaluate") / "metrics.json", figures())
    return workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return ready(tmp_path_factory.mktemp("register"), seed=0)


@pytest.fixture(scope="module")
def first(workspace: Workspace) -> dict:
    run_stage("register", register.compute, workspace)
    return read_json(workspace.stage("register") / "registration.json")


def alias(workspace: Workspace, name: str) -> int:
    mlflow.set_tracking_uri(workspace.tracking_uri)
    return int(mlflow.MlflowClient().get_model_version_by_alias("mard", name).version)


def test_the_first_version_becomes_champion_and_carries_its_provenance(
    workspace: Workspace, first: dict
) -> None:
    assert (first["version"], first["alias"]) == (1, "champion")
    assert alias(workspace, "champion") == 1
    tags = mlflow.MlflowClient().get_model_version("mard", "1").tags
    assert tags["mard.release.version"] == "0.1"
    assert tags["mard.bundle"] == first["bundle"]
    assert {"mard.git_commit", "mard.reason", "mard.retrieve.sha256"} <= tags.keys()
    assert "not a medical device" in (workspace.stage("register") / "model_card.md").read_text()


def test_a_fresh_process_gets_the_same_logits_and_the_same_trace(workspace: Workspace, first: dict) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, workspace.tracking_uri, PROMPT],
        capture_output=True,
        text=True,
        check=True,
    )
    there = json.loads(done.stdout.splitlines()[-1])
    predictor = load_bundle(workspace.stage("register") / "model")
    import torch

    from mard.lm.tokenizer import token_ids

    decoder = predictor.brain.answerer.decoder
    ids = torch.tensor([token_ids(decoder.tokenizer, PROMPT)])
    assert there["logits"] == decoder.model(ids).logits[0, -1].tolist()
    assert there["answer"] == json.loads(json.dumps(predictor.predict("DB00582", "DB06626").to_dict()))


def test_a_successor_is_compared_with_the_reigning_champion_on_the_same_pairs(
    workspace: Workspace, first: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another untrained student on another workspace, the same registry."""
    successor = ready(tmp_path, seed=1, tracking_uri=workspace.tracking_uri)
    seen = {}

    def recorded(*arguments: object) -> register.Verdict:
        seen["challenger"], seen["champion"] = arguments[3], arguments[4]
        return decide(*arguments)

    decide = register.decide
    monkeypatch.setattr(register, "decide", recorded)
    run_stage("register", register.compute, successor)
    second = read_json(successor.stage("register") / "registration.json")
    assert second["version"] == 2
    assert alias(workspace, second["alias"]) == 2
    assert "against the champion's" in second["reason"]
    # asked through its bundle, the first model says what it said in its own infer stage
    own = register.score(
        register._contest_pairs(workspace, infer.Protocol.WARM, 60), register._answered(workspace, "warm")
    )
    assert seen["champion"]["warm"] == own


def test_a_model_that_misses_a_requirement_does_not_dethrone_anyone(
    workspace: Workspace, first: dict
) -> None:
    before = alias(workspace, "champion")
    write_json(workspace.stage("evaluate") / "metrics.json", figures(parse_rate=0.5))
    run_stage("register", register.compute, workspace)
    registered = read_json(workspace.stage("register") / "registration.json")
    assert registered["alias"] == "challenger"
    assert "parse_rate is 0.5, at least 1 is required" in registered["reason"]
    assert alias(workspace, "champion") == before
    assert alias(workspace, "challenger") == registered["version"]


def test_a_model_is_not_served_other_neighbours_than_it_was_trained_on(
    workspace: Workspace, first: dict
) -> None:
    sharper = replace(workspace.params.retrieve, sharpness=9.0)
    otherwise = replace(workspace, params=replace(workspace.params, retrieve=sharper))
    with pytest.raises(InputError, match=r"sharpness 4.0, the parameters say 9.0.*retrieve.sharpness=4.0"):
        run_stage("register", register.compute, otherwise)


def test_every_parameter_travels_with_the_bundle(workspace: Workspace, first: dict) -> None:
    predictor = load_bundle(workspace.stage("register") / "model")
    assert isinstance(predictor.brain.answerer.params, Params)
    assert predictor.brain.answerer.params == workspace.params
