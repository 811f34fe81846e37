from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mard.lm.checkpoint import save_trained
from mard.prm.encode import StepTokens, encode_trace
from mard.prm.score import Prm, load_prm
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
