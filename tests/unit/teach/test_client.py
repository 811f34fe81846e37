"""The client against a real server on loopback with planted faults."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mard.errors import ConfigError, TeacherError, TeacherUnavailable
from mard.label.taxonomy import load_taxonomy
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate
from mard.teach.channel import Endpoint
from mard.teach.client import EndpointTeacher
from tests.builders import metabolism_trace, voriconazole_axitinib
from tests.unit.teach.server import Answer, Reply, completion, serving

TRACE = metabolism_trace().to_json()


def teacher(url: str, **changes: Any) -> EndpointTeacher:
    settings: dict[str, Any] = {
        "name": "served",
        "base_url": url,
        "model": "tiny",
        "api_key_env": None,
        "concurrency": 4,
        "top_p": 0.9,
        "max_tokens": 512,
        "timeout_s": 5.0,
        "attempts": 3,
        "backoff_s": 0.01,
    }
    return EndpointTeacher(Endpoint(**{**settings, **changes}), load_taxonomy())


def draws(count: int) -> list[Draw]:
    return [
        Draw(voriconazole_axitinib(), index, 0.3 + index / 10, seed=100 + index) for index in range(count)
    ]


def first(*faults: Reply, then: Reply | None = None) -> Answer:
    """The faults first, good traces afterwards."""
    return lambda _body, number: faults[number] if number < len(faults) else then or completion(TRACE)


def test_candidates_carry_their_draw_and_tokens() -> None:
    with serving(first(then=completion(TRACE, prompt_tokens=900, completion_tokens=150))) as seen:
        found = list(teacher(seen.url, concurrency=1).answer(draws(3)))
    assert [(c.index, c.temperature, c.seed) for c in found] == [(0, 0.3, 100), (1, 0.4, 101), (2, 0.5, 102)]
    assert all(c.trace == metabolism_trace() and c.error is None for c in found)
    assert (found[0].prompt_tokens, found[0].completion_tokens) == (900, 150)
    assert (found[0].pair_id, found[0].teacher) == ("DB00582|DB06626", "served")


def test_an_answer_that_is_late_holds_up_no_other() -> None:
    others_arrived = threading.Event()

    def first_waits(body: dict[str, Any], _number: int) -> Reply:
        if body["seed"] == 100:
            assert others_arrived.wait(timeout=30)
        return completion(TRACE)

    with serving(first_waits) as seen:
        answers = teacher(seen.url, concurrency=2, timeout_s=60.0).answer(draws(4))
        assert [next(answers).index for _ in range(3)] == [1, 2, 3]
        others_arrived.set()
        assert [one.index for one in answers] == [0]


def test_the_request_asks_for_the_draw_and_the_schema() -> None:
    with serving(first()) as seen:
        list(teacher(seen.url).answer(draws(1)))
    (body,) = seen.bodies
    assert (body["model"], body["temperature"], body["top_p"]) == ("tiny", 0.3, 0.9)
    assert (body["seed"], body["max_tokens"]) == (100, 512)
    assert body["response_format"]["json_schema"]["schema"]["required"] == [
        "steps",
        "summary",
        "final_answer",
    ]


@pytest.mark.parametrize(
    "fault",
    [(429, "slow down", {"Retry-After": "0.01"}), (500, "oops", {}), (503, "loading", {}), (0, "", {})],
    ids=["429", "500", "503", "hang-up"],
)
def test_a_passing_fault_is_retried(fault: Reply) -> None:
    with serving(first(fault, fault)) as seen:
        (candidate,) = teacher(seen.url).answer(draws(1))
    assert candidate.trace == metabolism_trace()
    assert len(seen.bodies) == 3


def test_a_fault_that_stays_makes_the_teacher_unavailable() -> None:
    with (
        serving(lambda _body, _number: (500, "oops", {})) as seen,
        pytest.raises(TeacherUnavailable, match=r"served: .* failed 3 times, last with HTTP 500"),
    ):
        list(teacher(seen.url).answer(draws(1)))
    assert len(seen.bodies) == 3


def test_nobody_listening_makes_the_teacher_unavailable() -> None:
    with serving(first()) as seen:
        url = seen.url
    with pytest.raises(TeacherUnavailable, match="ConnectError"):
        list(teacher(url).answer(draws(1)))


def test_a_server_that_hangs_times_out() -> None:
    def slow(_body: dict[str, Any], _number: int) -> Reply:
        time.sleep(0.4)
        return completion(TRACE)

    with serving(slow) as seen, pytest.raises(TeacherUnavailable, match="Timeout"):
        list(teacher(seen.url, timeout_s=0.1, attempts=2).answer(draws(1)))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (completion("I would rather not."), "no JSON object"),
        (completion(None), "no text"),
        (completion('{"steps": []}'), "missing keys"),
        ((200, "<html>proxy</html>", {}), "no chat completion"),
        ((200, '{"choices": []}', {}), "no chat completion"),
        ((413, "prompt too long", {}), "HTTP 413: prompt too long"),
    ],
)
def test_an_answer_that_is_no_trace_is_a_candidate_with_an_error_and_no_retry(
    reply: Reply, error: str
) -> None:
    with serving(first(then=reply)) as seen:
        (candidate,) = teacher(seen.url).answer(draws(1))
    assert candidate.trace is None
    assert error in str(candidate.error)
    assert len(seen.bodies) == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "check the key"),
        (402, "no money left"),
        (403, "check the key"),
        (404, "model name 'tiny'"),
    ],
)
def test_a_wrong_set_up_stops_at_once_and_says_what_to_check(status: int, remedy: str) -> None:
    with (
        serving(lambda _body, _number: (status, "", {})) as seen,
        pytest.raises(TeacherError, match=remedy) as caught,
    ):
        list(teacher(seen.url, concurrency=1).answer(draws(1)))
    assert not isinstance(caught.value, TeacherUnavailable)
    assert len(seen.bodies) == 1


def test_a_server_without_schemas_is_asked_plainly_from_then_on() -> None:
    def plain_only(body: dict[str, Any], _number: int) -> Reply:
        return (400, "response_format is unknown", {}) if "response_format" in body else completion(TRACE)

    with serving(plain_only) as seen:
        found = list(teacher(seen.url, concurrency=1).answer(draws(3)))
    assert all(c.trace for c in found)
    assert ["response_format" in body for body in seen.bodies] == [True, False, False, False]


def test_a_prompt_that_is_refused_either_way_does_not_switch_schemas_off() -> None:
    def refuses_the_first(body: dict[str, Any], _number: int) -> Reply:
        return (400, "too long", {}) if body["seed"] == 100 else completion(TRACE)

    with serving(refuses_the_first) as seen:
        found = list(teacher(seen.url, concurrency=1).answer(draws(2)))
    assert [c.error for c in found] == ["HTTP 400: too long", None]
    assert ["response_format" in body for body in seen.bodies] == [True, False, True]


def test_a_server_that_refuses_every_question_stops_the_job_and_no_refusal_is_kept() -> None:
    found: list[Candidate] = []
    with serving(lambda _body, _number: (400, "max_tokens is too large", {})) as seen:
        asked = teacher(seen.url, concurrency=1)
        with pytest.raises(TeacherError, match=r"first 8 questions.*max_tokens is too large"):
            found.extend(asked.answer(draws(20)))
    assert found == []
    assert len({body["seed"] for body in seen.bodies}) == 8


def test_refusals_before_the_first_answer_are_kept_once_it_has_come() -> None:
    with serving(lambda body, _: (422, "no", {}) if body["seed"] < 107 else completion(TRACE)) as seen:
        found = list(teacher(seen.url, concurrency=1).answer(draws(20)))
    assert [c.index for c in found] == list(range(20))
    assert [c.error for c in found] == ["HTTP 422: no"] * 7 + [None] * 13


def test_refusals_of_an_attempt_that_failed_are_not_told_twice_by_the_next() -> None:
    def refuses_then_fails(body: dict[str, Any], number: int) -> Reply:
        return (422, "no", {}) if number < 4 else (500, "", {})

    with serving(refuses_then_fails) as seen:
        asked = teacher(seen.url, concurrency=1, attempts=1)
        with pytest.raises(TeacherUnavailable):
            list(asked.answer(draws(5)))
    with serving(first(then=completion(TRACE))) as seen:
        asked.endpoint = replace(asked.endpoint, base_url=seen.url)
        assert [c.index for c in asked.answer(draws(5))] == [0, 1, 2, 3, 4]


def test_fewer_questions_than_that_are_refused_one_by_one() -> None:
    with serving(lambda _body, _number: (413, "too long", {})) as seen:
        found = list(teacher(seen.url, concurrency=1).answer(draws(3)))
    assert [c.error for c in found] == ["HTTP 413: too long"] * 3


def test_no_more_requests_are_under_way_than_allowed() -> None:
    def slow(_body: dict[str, Any], _number: int) -> Reply:
        time.sleep(0.02)
        return completion(TRACE)

    with serving(slow) as seen:
        list(teacher(seen.url, concurrency=3).answer(draws(12)))
    assert seen.most_under_way == 3


def test_the_key_comes_from_the_environment_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SERVED_KEY", "s3cr3t")
    caplog.set_level(logging.DEBUG)
    with serving(first((500, "", {}))) as seen:
        one = teacher(seen.url, api_key_env="SERVED_KEY")
        list(one.answer(draws(1)))
    assert seen.headers[0]["Authorization"] == "Bearer s3cr3t"
    assert "s3cr3t" not in caplog.text + repr(one)


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVED_KEY", raising=False)
    with pytest.raises(ConfigError, match="SERVED_KEY is not set"):
        list(teacher("http://127.0.0.1:9/v1", api_key_env="SERVED_KEY").answer(draws(1)))


def test_think_blocks_are_stripped() -> None:
    with serving(first(then=completion(f"<think>CYP3A4 {{}}</think>```json\n{TRACE}\n```"))) as seen:
        (candidate,) = teacher(seen.url).answer(draws(1))
    assert candidate.trace == metabolism_trace()


def test_a_request_that_always_fails_while_others_succeed_is_a_candidate_with_an_error() -> None:
    another_is_answered = threading.Event()

    def poisoned(body: dict[str, Any], _number: int) -> Reply:
        if body["seed"] == 103:
            assert another_is_answered.wait(timeout=30)
            return 500, "cannot", {}
        if body["seed"] >= 105:  # so 104 has its answer, as only one worker asks while 103 waits
            another_is_answered.set()
        return completion(TRACE)

    with serving(poisoned) as seen:
        asked = teacher(seen.url, concurrency=2, timeout_s=60.0)
        found = sorted(asked.answer(draws(12)), key=lambda one: one.index)
    assert [one.index for one in found if one.error] == [3]
    assert "failed 3 times, last with HTTP 500" in str(found[3].error)


def test_an_answer_that_is_no_trace_is_sent_back_with_what_is_wrong() -> None:
    wrong = completion('{"steps": []}', prompt_tokens=100, completion_tokens=7)
    with serving(first(wrong, then=completion(TRACE, prompt_tokens=150, completion_tokens=90))) as seen:
        (candidate,) = teacher(seen.url, repairs=1).answer(draws(1))
    assert candidate.trace == metabolism_trace()
    assert (candidate.prompt_tokens, candidate.completion_tokens) == (250, 97), "both tries count"
    roles = [message["role"] for message in seen.bodies[1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "missing keys" in seen.bodies[1]["messages"][-1]["content"]


def test_an_answer_that_stays_wrong_is_an_error_after_its_repairs() -> None:
    with serving(first(then=completion("I would rather not."))) as seen:
        (candidate,) = teacher(seen.url, repairs=2).answer(draws(1))
    assert "no JSON object" in str(candidate.error)
    assert len(seen.bodies) == 3


def test_a_held_teacher_asks_nothing_until_it_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mard.teach.client.SECONDS_BETWEEN_LOOKS", 0.01)
    looks: list[int] = []

    def held() -> bool:
        looks.append(len(seen.bodies))
        return len(looks) <= 5

    with serving(first()) as seen:
        one = teacher(seen.url, concurrency=1)
        one.is_held = held
        assert len(list(one.answer(draws(2)))) == 2
    assert looks[:6] == [0] * 6


def test_draws_are_taken_only_when_there_is_room_for_them() -> None:
    taken: list[int] = []

    def counted() -> Iterator[Draw]:
        for draw in draws(30):
            taken.append(draw.index)
            yield draw

    with serving(first()) as seen:
        answers = teacher(seen.url, concurrency=2).answer(counted())
        for number in range(1, 31):
            next(answers)
            assert len(taken) <= len(seen.bodies) + 2
            assert number <= len(taken)
        answers.close()
