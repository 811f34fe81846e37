from __future__ import annotations

from dataclasses import replace

from mard.evidence.meaning import meanings
from mard.register.prediction import Prediction
from mard.register.present import WIDTH, readable
from mard.schema import Direction
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer


def prediction(**answer: object) -> Prediction:
    pool, trace = voriconazole_axitinib(), with_answer(metabolism_trace(), **answer)
    evidence = meanings(pool, lambda drug: drug)
    return Prediction(pool.a, pool.b, trace.final_answer, trace, evidence, "0.1-abc")


def test_the_answer_the_steps_their_evidence_and_the_disclaimer_are_all_there() -> None:
    text = readable(prediction())
    assert "PK_Metabolism / metabolism / a_to_b / down" in text
    assert "Voriconazole acts on Axitinib; confidence 0.90" in text
    assert "1. [pk_flag] Drug A inhibits CYP3A4." in text
    assert "A:cyp3a4_inh             Voriconazole inhibits CYP3A4" in text
    assert "model 0.1-abc" in text
    assert "not a medical device" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_an_abstention_shows_its_guess_as_a_guess() -> None:
    text = readable(prediction(direction=Direction.NONE, abstain=True))
    assert "(best guess)" in text
    assert "the model abstains" in text


def test_json_has_the_contracts_keys_in_the_users_order() -> None:
    data = prediction().to_dict()
    assert list(data) == [
        *("pair", "family", "subtype", "direction", "polarity", "confidence", "abstain"),
        *("steps", "summary", "evidence", "model_version"),
    ]
    assert data["pair"] == {
        "a": {"id": "DB00582", "name": "Voriconazole"},
        "b": {"id": "DB06626", "name": "Axitinib"},
    }
    assert data["steps"][0] == {
        "step": 1,
        "role": "pk_flag",
        "claim": "Drug A inhibits CYP3A4.",
        "citations": ["A:cyp3a4_inh"],
    }


def test_an_unsafe_argument_is_shown_with_its_flags() -> None:
    safe = prediction()
    unsafe = replace(safe, trace=replace(safe.trace, summary="Drug A should be avoided with Drug B."))
    assert "safety flags: treatment_advice" in readable(unsafe)
    assert "safety flags" not in readable(safe)
