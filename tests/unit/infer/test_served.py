"""The served decoder against a real server on loopback."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mard.config import Server, load_params
from mard.errors import ConfigError, TeacherError, TeacherUnavailable
from mard.infer.answerer import load_served
from mard.infer.candidates import Faults, Question, faults, sample
from mard.infer.decode import Request
from mard.infer.served import ServedDecoder
from mard.lm.form import Form
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from mard.schema import Family
from mard.teach.channel import Endpoint
from tests.builders import metabolism_trace, voriconazole_axitinib
from tests.students import tokenizer
from tests.unit.teach.server import Reply, serving, texts

POOL = voriconazole_axitinib()
TRACE = metabolism_trace()
FOREIGN = replace(TRACE, steps=(replace(TRACE.steps[0], citations=("A:P00000",)), *TRACE.steps[1:]))


def decoder(url: str, **changes: Any) -> ServedDecoder:
    settings: dict[str, Any] = {
        "name": "tiny",
        "base_url": url,
        "model": "tiny",
        "api_key_env": None,
        "concurrency": 2,
        "top_p": 0.95,
        "max_tokens": 40,
        "timeout_s": 30.0,
        "attempts": 3,
        "backoff_s": 0.01,
        "route": "completions",
        "role": "infer.server",
    }
    return ServedDecoder(Endpoint(**{**settings, **changes}), tokenizer(), max_length=240, seed=1)


def request(prompt: str, number: int = 0, temperature: float = 0.7) -> Request:
    return Request(POOL, prompt, temperature, f"test/{prompt}/{number}")


def numbered(body: dict[str, Any], _number: int) -> Reply:
    """Each sample says which prompt it answers, how warm, and its number."""
    said = f"{tokenizer().decode(body['prompt'])}|{body['temperature']}|"
    return texts(*(f"{said}{number}" for number in range(body["n"])))


def fixed(reply: Reply) -> Any:
    return lambda _body, _number: reply


def test_samples_of_a_prompt_are_one_question_and_come_back_in_their_order() -> None:
    asked = [
        request("one", 0),
        request("two", 0),
        request("one", 0, 0.0),
        request("one", 1),
        request("two", 1),
    ]
    seen_progress: list[tuple[int, int]] = []
    with serving(numbered) as seen:
        one = decoder(seen.url)
        drafts = one.draw(asked, on_progress=lambda done, total: seen_progress.append((done, total)))
    assert [draft.text for draft in drafts] == [
        "one|0.7|0",
        "two|0.7|0",
        "one|0.0|0",
        "one|0.7|1",
        "two|0.7|1",
    ]
    assert sorted(body["n"] for body in seen.bodies) == [1, 2, 2]
    assert seen_progress[-1] == (5, 5)
    assert len(seen_progress) == 3


def test_greedy_requests_with_one_prompt_share_one_text() -> None:
    with serving(numbered) as seen:
        drafts = decoder(seen.url).draw([request("one", number, 0.0) for number in range(3)])
    assert [draft.text for draft in drafts] == ["one|0.0|0"] * 3
    assert [body["n"] for body in seen.bodies] == [1]  # vLLM refuses more of a greedy request


def test_the_question_carries_the_prompts_tokens_the_sampling_and_a_seed_of_its_name() -> None:
    with serving(numbered) as seen:
        one = decoder(seen.url, concurrency=1)
        one.draw([request("Drug A inhibits CYP3A4.")])
        one.draw([request("Drug A inhibits CYP3A4.")])
        one.draw([request("Drug A inhibits CYP3A4.", 1)])
    first, again, other = seen.bodies
    assert first["prompt"] == token_ids(tokenizer(), "Drug A inhibits CYP3A4.")
    assert (first["model"], first["temperature"], first["top_p"], first["max_tokens"]) == (
        "tiny",
        0.7,
        0.95,
        40,
    )
    assert first == again
    assert other["seed"] != first["seed"]


def test_a_long_prompt_loses_its_end_not_the_room_for_the_trace() -> None:
    with serving(fixed(texts("x"))) as seen:
        decoder(seen.url).draw([request("Drug A " * 2000)])
    assert seen.bodies[0]["prompt"] == token_ids(tokenizer(), "Drug A " * 2000)[:200]


@pytest.mark.parametrize("form", [Form(), Form("compact", "first")], ids=["brief", "compact"])
def test_the_constraint_is_the_schema_of_what_the_student_writes(form: Form) -> None:
    with serving(fixed(texts("x"))) as seen:
        one = replace(decoder(seen.url), form=form)
        one.draw([request("one")])
        one.draw([request("one")], constrained=False)
    constrained, loose = seen.bodies
    wanted = constrained.pop("response_format")
    assert wanted["type"] == "json_schema"
    schema = wanted["json_schema"]["schema"]
    assert constrained == loose
    assert next(iter(schema["properties"])) == ("steps" if form.answer == "last" else "final_answer")
    legal = Draft202012Validator(schema)
    assert legal.is_valid(json.loads(form.completion(TRACE, POOL)))
    assert not legal.is_valid(json.loads(form.completion(FOREIGN, POOL)))


@pytest.mark.parametrize(
    "fault", [(429, "", {}), (503, "loading", {}), (0, "", {})], ids=["429", "503", "hang-up"]
)
def test_a_passing_fault_is_retried(fault: Reply) -> None:
    with serving(lambda body, number: fault if number < 2 else numbered(body, number)) as seen:
        (draft,) = decoder(seen.url).draw([request("one")])
    assert draft.text == "one|0.7|0"
    assert len(seen.bodies) == 3


def test_a_server_that_is_away_is_named_with_what_happened() -> None:
    with serving(numbered) as seen:
        url = seen.url
    away = r"infer\.server tiny: http://127.*/v1/completions failed 3 times, last with ConnectError"
    with pytest.raises(TeacherUnavailable, match=away):
        decoder(url).draw([request("one"), request("two")])


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ((400, "response_format is unknown", {}), "refuses a request: HTTP 400: response_format is unknown"),
        ((401, "", {}), "infer.server tiny: .* answers 401; check the key"),
        ((404, "", {}), "check base_url and the model name 'tiny'"),
        ((200, "<html>proxy</html>", {}), "no completion: '<html>proxy</html>'"),
        ((200, '{"choices": [{"message": {}}]}', {}), "no completion"),
        (texts("one"), "gives 1 of 2 samples"),
    ],
)
def test_what_no_retry_would_help_stops_at_once(reply: Reply, problem: str) -> None:
    with serving(fixed(reply)) as seen, pytest.raises(TeacherError, match=problem):
        decoder(seen.url, concurrency=1).draw([request("one", 0), request("one", 1)])
    assert len(seen.bodies) == 1


def test_a_request_with_which_the_server_always_fails_has_empty_texts() -> None:
    another_is_answered = threading.Event()

    def poisoned(body: dict[str, Any], number: int) -> Reply:
        prompt = tokenizer().decode(body["prompt"])
        if prompt == "one":
            assert another_is_answered.wait(timeout=30)
            return 500, "cannot", {}
        if prompt == "three":  # so "two" has its answer, as only one worker asks while "one" waits
            another_is_answered.set()
        return numbered(body, number)

    with serving(poisoned) as seen:
        drafts = decoder(seen.url).draw(
            [request("one", 0), request("one", 1), request("two"), request("three")]
        )
    assert [draft.text for draft in drafts] == ["", "", "two|0.7|0", "three|0.7|0"]


def test_texts_that_are_no_trace_and_foreign_citations_are_kept_and_counted() -> None:
    """Per ordering one greedy text, and one sample: AB good and foreign, BA cut short and foreign."""

    def answer(body: dict[str, Any], _number: int) -> Reply:
        told, foreign = TRACE.to_json(), FOREIGN.to_json()
        if body["temperature"] > 0:
            return texts(*[foreign] * body["n"])
        flipped = body["prompt"] != forward
        return texts(told[:100] if flipped else told)

    question = Question("warm/1", POOL)
    with serving(answer) as seen:
        one = decoder(seen.url)
        one.max_length = 10_000
        forward = token_ids(tokenizer(), one.form.evidence(POOL) + "\n\n")
        (own,) = sample(one, [question], samples=2, temperature=0.7)
    assert [(each.ordering, each.index) for each in own] == [("ab", None), ("ba", None), ("ab", 0), ("ba", 1)]
    assert [each.trace for each in own] == [TRACE, None, FOREIGN, mirror(FOREIGN)]
    assert faults(POOL, own) == Faults(texts=4, unparsed=1, foreign=2)
    assert all(each.p(family) == 0 for each in own for family in Family), "a server tells no odds"


def test_the_key_comes_from_the_environment_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SERVED_KEY", "s3cr3t")
    caplog.set_level(logging.DEBUG)
    with serving(fixed((400, "no", {}))) as seen:
        one = decoder(seen.url, api_key_env="SERVED_KEY")
        with pytest.raises(TeacherError) as caught:
            one.draw([request("one")])
    assert seen.headers[0]["Authorization"] == "Bearer s3cr3t"
    assert "s3cr3t" not in caplog.text + repr(one) + str(caught.value)


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVED_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"infer\.server tiny.*SERVED_KEY is not set"):
        decoder("http://127.0.0.1:9/v1", api_key_env="SERVED_KEY").draw([request("one")])


def test_the_parameters_say_where_the_student_is_served(tmp_path: Path) -> None:
    tokenizer().save_pretrained(tmp_path / "tokenizer")
    served = "{base_url: 'http://h/v1/', model: mard, api_key_env: null, concurrency: 8}"
    params = load_params(Path("params.yaml"), None, [f"infer.server={served}"])
    assert params.infer.server == Server("http://h/v1/", "mard", None, 8)
    one = load_served(tmp_path, params.infer.server, params)
    assert (one.endpoint.model, one.endpoint.concurrency, one.endpoint.route) == ("mard", 8, "completions")
    assert (one.endpoint.top_p, one.endpoint.max_tokens) == (params.infer.top_p, params.infer.max_new_tokens)
    assert token_ids(one.tokenizer, "Drug A") == token_ids(tokenizer(), "Drug A")
