from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mard.dpo import train, trainer
from mard.dpo.dataset import PreferenceRow
from mard.dpo.train import Trained, train_preferences
from mard.errors import IncompatibleTrainer, InputError
from mard.lm.prompt import build_prompt
from mard.schema import Direction
from tests import students
from tests.builders import with_answer


def rows(weights: tuple[float, ...] = (1.0,)) -> list[PreferenceRow]:
    tokenizer = students.tokenizer()
    return [
        PreferenceRow(
            build_prompt(tokenizer, each.pool),
            each.trace.to_json(),
            with_answer(each.trace, direction=Direction.NONE).to_json(),
            weights[number % len(weights)],
        )
        for number, each in enumerate(students.examples())
    ]


def run(
    work: Path,
    own: list[PreferenceRow] | None = None,
    on_progress=None,
    bf16: bool = False,
    recompute: bool = False,
    **changes: object,
) -> Trained:
    return train_preferences(
        students.model().eval(),
        students.tokenizer(),
        rows() if own is None else own,
        students.dpo_params(**changes),
        students.LORA,
        work=work,
        bf16=bf16,
        recompute=recompute,
        on_progress=on_progress,
    )


def test_unit_weights_are_the_stock_trainer_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighted = run(tmp_path / "weighted")
    monkeypatch.setattr(trainer, "KNOWN_VERSIONS", ())
    stock = run(tmp_path / "stock", prm_weight_fallback="unweighted")
    assert (weighted.weighted, stock.weighted) == (True, False)
    assert weighted.history == stock.history
    assert students.same_weights(weighted.model, stock.model)


def test_other_weights_are_not(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain")
    skewed = run(tmp_path / "skewed", rows((1.0, 0.1)))
    assert plain.history[0]["loss"] != skewed.history[0]["loss"]
    assert not students.same_weights(plain.model, skewed.model)


def test_at_the_start_every_value_is_log_2_and_the_epoch_is_equation_7(tmp_path: Path) -> None:
    # The adapter starts at zero, so every margin is 0, and with a rate of 0 it stays there: the mean
    # over the epoch is log 2 whatever the weights, because they are normalised over the whole set.
    found = run(tmp_path, rows((1.0, 0.3, 0.2)), learning_rate=0.0, batch_size=1, save_steps=1)
    losses = [point["loss"] for point in found.history]
    assert len(losses) == 8
    assert sum(losses) / 8 == pytest.approx(0.693147, abs=1e-5)
    assert max(losses) > 1.2  # weights 1.0 of a mean of .5375


def test_it_learns_to_prefer_and_leaves_the_reference_alone(tmp_path: Path) -> None:
    found = run(tmp_path, epochs=4.0)
    assert found.history[-1]["rewards/margins"] > 0.01
    base, ids = students.model().eval(), torch.arange(20)[None]
    with torch.inference_mode(), found.model.disable_adapter():
        assert torch.equal(found.model(input_ids=ids).logits, base(input_ids=ids).logits)


@pytest.mark.parametrize("how", [{}, {"batch_size": 2, "accumulation": 2}], ids=["plain", "accumulating"])
def test_a_killed_run_ends_where_an_undisturbed_one_does(tmp_path: Path, how: dict[str, int]) -> None:
    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        if done == 3:
            raise Killed

    own = rows((1.0, 0.5))
    whole = run(tmp_path / "whole", own, epochs=2.0, **how)
    with pytest.raises(Killed):
        run(tmp_path / "killed", own, kill, epochs=2.0, **how)
    resumed = run(tmp_path / "killed", own, epochs=2.0, **how)
    assert students.same_weights(whole.model, resumed.model)
    assert whole.history == resumed.history


def test_accumulated_micro_batches_update_like_one_batch(tmp_path: Path) -> None:
    own = rows((1.0, 0.2, 0.4))
    one = run(tmp_path / "one", own, save_steps=1)
    two = run(tmp_path / "two", own, save_steps=1, batch_size=1, accumulation=4)
    assert len(one.history) == len(two.history) == 2
    for point, same in zip(one.history, two.history, strict=True):
        for name in ("loss", "grad_norm"):
            assert point[name] == pytest.approx(same[name], rel=2e-3)
    for left, right in zip(one.model.parameters(), two.model.parameters(), strict=True):
        assert (left - right).abs().max() < 2e-4  # sums in another order, after two updates of 1e-2


def test_recomputed_activations_change_nothing(tmp_path: Path) -> None:
    own = rows((1.0, 0.2))
    kept = run(tmp_path / "kept", own)
    recomputed = run(tmp_path / "recomputed", own, recompute=True)
    assert students.same_weights(kept.model, recomputed.model)
    assert kept.history == recomputed.history


def test_bf16_computes_coarsely_and_keeps_a_fine_adapter(tmp_path: Path) -> None:
    fine = run(tmp_path / "fine")
    coarse = run(tmp_path / "coarse", bf16=True)
    assert {weight.dtype for weight in coarse.model.parameters() if weight.requires_grad} == {torch.float32}
    assert not students.same_weights(fine.model, coarse.model)
    assert coarse.history[-1]["loss"] == pytest.approx(fine.history[-1]["loss"], rel=0.02)


def test_rows_without_weight_are_left_out(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", rows((0.5, 0.0)))
    only = run(tmp_path / "only", rows((0.5, 0.0))[::2])
    assert whole.history == only.history
    with pytest.raises(InputError, match="no preference has a positive weight"):
        run(tmp_path / "none", rows((0.0,)))
    with pytest.raises(InputError, match=r"no preference to train on: see dpo\.hard_negatives"):
        run(tmp_path / "none", [])


def test_importance_draws_rows_and_needs_no_known_trainer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "KNOWN_VERSIONS", ())
    found = run(tmp_path / "one", rows((0.9, 0.1)), backend="importance")
    again = run(tmp_path / "two", rows((0.9, 0.1)), backend="importance")
    assert found.weighted
    assert students.same_weights(found.model, again.model)


def test_importance_rows_come_with_their_frequency() -> None:
    own = [replace(row, prompt=str(number)) for number, row in enumerate(rows((0.9, 0.1)) * 50)]
    drawn = train._drawn(own, students.dpo_params(backend="importance"))
    heavy = sum(row.weight == 0.9 for row in drawn)
    assert len(drawn) == len(own) == 400
    assert 0.85 < heavy / 400 < 0.95


def test_an_unknown_trainer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "KNOWN_VERSIONS", ("0.9.0",))
    with pytest.raises(IncompatibleTrainer, match=r"TRL 1\.16\.0 is not known .*known: 0\.9\.0"):
        run(tmp_path)
    assert not list(tmp_path.iterdir())
