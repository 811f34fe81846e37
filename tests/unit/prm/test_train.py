from __future__ import annotations

from pathlib import Path

from mard.lm.checkpoint import attach_lora
from mard.prm.dataset import StepRow, prm_examples
from mard.prm.evaluate import evaluate_prm
from mard.prm.score import Prm
from mard.prm.train import train_prm
from tests import students


def rows() -> list[StepRow]:
    """Flag steps are right, the others wrong: a rule that the tokens show."""
    return [
        StepRow(str(number), str(number), prompt, trace, (True, True, False, False, number % 2 == 0))
        for number, (prompt, trace) in enumerate(students.prompts())
    ]


def test_it_learns_a_rule_and_is_measured_against_its_untrained_self(tmp_path: Path) -> None:
    model, tokenizer = students.model(), students.tokenizer()
    prm = Prm(model, tokenizer, max_length=512)
    before = evaluate_prm(prm, rows())
    params = students.prm_params(epochs=20.0)
    history = train_prm(model, tokenizer, prm_examples(rows(), tokenizer, 512), params, work=tmp_path)
    after = evaluate_prm(prm, rows())
    assert history[0]["step"] == 1
    assert history[-1]["loss"] < history[0]["loss"] - 0.2
    assert before["auroc"] is not None
    assert after["auroc"] is not None
    assert after["auroc"] > max(0.85, before["auroc"])
    assert after["accuracy"] > 0.75


def test_recomputed_activations_give_the_same_curve(tmp_path: Path) -> None:
    """An adapter over a frozen base is the case that needs it: its inputs ask for no gradient."""
    curves = []
    for recompute in (False, True):
        model, tokenizer = attach_lora(students.model(), students.LORA, seed=1), students.tokenizer()
        examples = prm_examples(rows(), tokenizer, 512)
        work = tmp_path / str(recompute)
        params = students.prm_params()
        curves.append(train_prm(model, tokenizer, examples, params, work=work, recompute=recompute))
    assert curves[1] == curves[0]
    assert curves[0][-1]["loss"] < curves[0][0]["loss"]
