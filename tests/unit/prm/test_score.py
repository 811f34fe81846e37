from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mard.lm.checkpoint import attach_lora, save_trained
from mard.prm.encode import StepTokens, encode_trace
from mard.prm.score import Prm, load_prm
from mard.schema import Trace
from tests import students


def scorer() -> Prm:
    return Prm(students.model(), students.tokenizer(), max_length=512)


def test_a_score_is_the_probability_of_plus_over_the_two_answers() -> None:
    prm = scorer()
    (prompt, trace), *_ = students.prompts()
    tokens = StepTokens.of(prm.tokenizer)
    encoded = encode_trace(prm.tokenizer, tokens, prompt, trace, 512)
    with torch.inference_mode():
        logits = prm.model(input_ids=torch.tensor([encoded.input_ids])).logits[0]
    expected = [
        torch.sigmoid(logits[place, tokens.plus] - logits[place, tokens.minus]).item()
        for place in encoded.separators
    ]
    (scores,) = prm.score([(prompt, trace)])
    assert scores == pytest.approx(expected, abs=1e-6)
    assert len(scores) == len(trace.steps) + 1


def test_batching_and_order_do_not_change_scores() -> None:
    prm, items = scorer(), students.prompts()
    one_by_one = [prm.score([item])[0] for item in items]
    for size in (3, 32):
        for scores, expected in zip(prm.score(items, batch_size=size), one_by_one, strict=True):
            assert scores == pytest.approx(expected, abs=1e-6)
    assert prm.score(items[::-1], batch_size=3)[0] == pytest.approx(one_by_one[-1], abs=1e-6)


def test_a_step_is_scored_on_what_precedes_it_only() -> None:
    prm = scorer()
    (prompt, trace), (_, other), *_ = students.prompts()
    assert trace.steps == other.steps
    assert trace.final_answer != other.final_answer
    one, two = prm.score([(prompt, trace), (prompt, other)])
    assert one[:-1] == pytest.approx(two[:-1], abs=1e-6)
    assert one[-1] != pytest.approx(two[-1], abs=1e-6)


def sharing(traces: int = 5) -> list[tuple[str, Trace]]:
    """Each prompt with several traces of different lengths."""
    items = students.prompts()
    return [
        (prompt, replace(trace, summary=f"{trace.summary} {'And so on. ' * number}"))
        for prompt, trace in items
        for number in range(traces)
    ]


@pytest.mark.parametrize("batch_size", [3, 7, 64])
def test_traces_that_share_a_prompt_score_as_if_each_were_alone(batch_size: int) -> None:
    prm, items = scorer(), sharing()
    alone = [prm.score([item])[0] for item in items]
    for scores, expected in zip(prm.score(items, batch_size=batch_size), alone, strict=True):
        assert scores == pytest.approx(expected, abs=1e-5)


def test_a_shared_prompt_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prm, items = scorer(), sharing()
    seen: list[int] = []
    forward = prm.model.forward

    def counting(*args: Any, **given: Any) -> Any:
        seen.append(given["input_ids"].numel())
        return forward(*args, **given)

    monkeypatch.setattr(prm.model, "forward", counting)
    prm.score(items, batch_size=64)
    together = sum(seen)
    seen.clear()
    for item in items:
        prm.score([item])
    assert together < 0.7 * sum(seen)


def test_a_prompt_cut_to_fit_is_shared_only_with_its_like() -> None:
    prm, items = replace(scorer(), max_length=300), sharing(3)
    alone = [prm.score([item])[0] for item in items]
    for scores, expected in zip(prm.score(items), alone, strict=True):
        assert scores == pytest.approx(expected, abs=1e-5)


def test_an_adapter_scores_shared_prompts_alike() -> None:
    adapted = attach_lora(students.model(), students.LORA, seed=1)
    prm, items = Prm(adapted, students.tokenizer(), max_length=512), sharing(2)
    alone = [prm.score([item])[0] for item in items]
    for scores, expected in zip(prm.score(items), alone, strict=True):
        assert scores == pytest.approx(expected, abs=1e-5)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    scorer().score(
        students.prompts(), batch_size=3, on_progress=lambda done, total: told.append((done, total))
    )
    assert told == [(3, 8), (6, 8), (8, 8)]


def test_a_saved_model_scores_the_same(tmp_path: Path) -> None:
    prm = scorer()
    save_trained(prm.model, prm.tokenizer, tmp_path)
    assert load_prm(tmp_path, max_length=512).score(students.prompts()) == prm.score(students.prompts())
