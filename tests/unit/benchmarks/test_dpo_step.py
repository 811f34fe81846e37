from __future__ import annotations

import pytest
import torch

from benchmarks import dpo_step


def test_weights_of_one_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpo_step, "ROUNDS", 1)
    monkeypatch.setattr(dpo_step, "COMPARED", 3)
    ratios, details = dpo_step.run(0.0)
    assert ratios.keys() == {"weight_overhead", "max_abs_loss_difference_at_unit_weight"}
    assert ratios["max_abs_loss_difference_at_unit_weight"] == 0.0
    assert ratios["weight_overhead"] > 0
    assert (details["rows"], details["length"]) == (4, 64)


def test_the_compared_losses_move(tmp_path) -> None:
    rows = dpo_step.Dataset.from_list(dpo_step.preferences(4, 64))
    own = dpo_step.trainer(True, 0.0, rows, 2, tmp_path)
    step = dpo_step.update(own.model, dpo_step.losses(own), bf16=False, learning_rate=1e-2)
    values = [step() for _ in range(4)]
    assert values[0] == pytest.approx(torch.tensor(2.0).log().item(), abs=1e-6)
    assert values[3] < values[1]  # equal losses over several updates say something: they change


def test_rows_have_the_length_that_is_asked_for() -> None:
    own = dpo_step.tokenizer()
    for row in dpo_step.preferences(2, 64):
        ids = own(row["prompt"] + row["chosen"] + dpo_step.END)["input_ids"]
        assert len(ids) == 64
        assert 0 not in ids
        assert row["rejected"] != row["chosen"]
