"""The probe's slice, its questions through the client, and agreement by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mard.judge.consensus import Contender
from mard.judge.probe import ask, compare, slice_of
from mard.judge.qc import Tier
from mard.label.taxonomy import load_taxonomy
from mard.schema import Direction, Family, Trace
from mard.teach.candidate import Candidate
from mard.teach.channel import Endpoint
from mard.teach.client import EndpointTeacher
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer
from tests.unit.teach.server import Reply, completion, serving

METABOLISM = metabolism_trace()
EXCRETION = with_answer(METABOLISM, family=Family.PK_EXCRETION, subtype="excretion")
ABSTAINING = with_answer(METABOLISM, direction=Direction.NONE, abstain=True)


def winner(trace: Trace, tier: Tier = Tier.FULL_CORRECT) -> Contender:
    return Contender("t", 0, trace, tier)


def opinion(pair_id: str, trace: Trace | None) -> Candidate:
    return Candidate(pair_id, "probe", 0, 0.0, 1, trace, None if trace else "no JSON object")


def test_agreement_is_counted_by_hand() -> None:
    winners = {
        "a": winner(METABOLISM),
        "b": winner(METABOLISM, Tier.FAMILY_CORRECT),
        "c": winner(EXCRETION),
        "d": winner(ABSTAINING, Tier.ABSTENTION),
        "e": winner(METABOLISM),
    }
    told = {"a": METABOLISM, "b": EXCRETION, "c": EXCRETION, "d": ABSTAINING, "e": None}
    found = compare(winners, [opinion(pair_id, trace) for pair_id, trace in told.items()])
    assert (found["asked"], found["answered"], found["agreement"]) == (5, 4, 0.75)
    assert found["by_family"] == {"PK_Excretion": 1.0, "PK_Metabolism": 0.5}
    assert found["by_tier"] == {"full_correct": 1.0, "family_correct": 0.0, "abstention": 1.0}


def test_a_guess_beside_an_abstention_is_no_answer() -> None:
    found = compare({"a": winner(METABOLISM)}, [opinion("a", ABSTAINING)])
    assert found["agreement"] == 0.0


def test_nobody_answered() -> None:
    found = compare({"a": winner(METABOLISM)}, [opinion("a", None)])
    assert (found["asked"], found["answered"], found["agreement"]) == (1, 0, None)


def test_a_slice_is_drawn_by_hash() -> None:
    pairs = [f"DB{number:05d}|DB99999" for number in range(60)]
    few, more = slice_of(pairs, 10, seed=1), slice_of(reversed(pairs), 20, seed=1)
    assert len(few) == 10
    assert set(few) < set(more), "a larger slice holds the smaller one"
    assert few != slice_of(pairs, 10, seed=2)
    assert few == sorted(few) != pairs[:10]
    assert slice_of(pairs[:3], 10, seed=1) == pairs[:3]


def test_a_served_model_is_asked_once_a_pool_at_temperature_0_and_shown_no_trace() -> None:
    pool = voriconazole_axitinib()
    pools = [replace(pool, b=replace(pool.b, drug_id=f"DB9000{number}")) for number in range(5)]

    def answer(body: dict[str, Any], _number: int) -> Reply:
        return completion(METABOLISM.to_json() if "DB90003" not in str(body) else "I cannot tell.")

    with serving(answer) as seen:
        endpoint = Endpoint("gemma", seen.url, "g", None, concurrency=2, top_p=0.9, max_tokens=512)
        found = list(ask(EndpointTeacher(endpoint, load_taxonomy()), pools, seed=7))
    winners = {str(pool.pair_id): winner(METABOLISM) for pool in pools}
    assert {one.pair_id for one in found} == set(winners)
    assert [body["temperature"] for body in seen.bodies] == [0.0] * 5
    assert not any(METABOLISM.summary in str(body["messages"]) for body in seen.bodies)
    agreed = compare(winners, found)
    assert agreed["agreement"] == pytest.approx(1.0)
    assert (agreed["asked"], agreed["answered"]) in {(5, 4), (5, 5)}
