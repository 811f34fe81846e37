from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from mard.errors import TrainingDiverged
from mard.lm.training import last_checkpoint
from mard.sft.dataset import MirrorPair, encode_examples
from mard.sft.train import train_student
from tests import students


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.fixture(scope="module")
def pairs() -> list[MirrorPair]:
    return encode_examples(
        students.examples(), students.tokenizer(), max_length=512, identity_dropout=0.5, seed=1
    )


def run(
    pairs: list[MirrorPair],
    work: Path,
    *,
    kill_at: int | None = None,
    bf16: bool = False,
    recompute: bool = False,
    **changes: object,
):
    """Train, and return (model, curve, points that the listener saw)."""
    seen: list[tuple[int, float]] = []

    def on_progress(done: int, total: int) -> None:
        if done == kill_at:
            raise Killed

    model = students.model()
    history = train_student(
        model,
        students.tokenizer(),
        pairs,
        students.sft_params(**changes),
        work=work,
        bf16=bf16,
        recompute=recompute,
        on_log=lambda metrics, step: seen.append((step, metrics["loss"])),
        on_progress=on_progress,
    )
    return model, history, seen


@pytest.mark.parametrize(
    "how",
    [{}, {"batch_pairs": 1, "accumulation": 2}, {"bf16": True, "recompute": True}],
    ids=["plain", "accumulating", "bf16"],
)
def test_a_killed_run_ends_where_an_undisturbed_one_does(
    pairs: list[MirrorPair], tmp_path: Path, how: dict[str, object]
) -> None:
    whole, curve, seen = run(pairs, tmp_path / "whole", **how)
    with pytest.raises(Killed):
        run(pairs, tmp_path / "killed", kill_at=7, **how)
    assert last_checkpoint(tmp_path / "killed") == tmp_path / "killed" / "checkpoint-5"
    resumed, resumed_curve, resumed_seen = run(pairs, tmp_path / "killed", **how)
    assert students.same_weights(whole, resumed)
    assert json.dumps(resumed_curve) == json.dumps(curve)
    assert resumed_seen == seen  # the points before the checkpoint are told again


def test_a_checkpoint_cut_short_is_passed_over(pairs: list[MirrorPair], tmp_path: Path) -> None:
    whole, curve, _ = run(pairs, tmp_path / "whole", save_steps=2)
    with pytest.raises(Killed):
        run(pairs, tmp_path / "killed", kill_at=5, save_steps=2)
    state = tmp_path / "killed" / "checkpoint-4" / "trainer_state.json"
    state.write_text(state.read_text(encoding="utf-8")[:100], encoding="utf-8")
    assert last_checkpoint(tmp_path / "killed") == tmp_path / "killed" / "checkpoint-2"
    resumed, resumed_curve, _ = run(pairs, tmp_path / "killed", save_steps=2)
    assert students.same_weights(whole, resumed)
    assert resumed_curve == curve


def test_a_run_killed_after_its_last_step_is_not_trained_again(
    pairs: list[MirrorPair], tmp_path: Path
) -> None:
    whole, curve, _ = run(pairs, tmp_path)
    again, again_curve, _ = run(pairs, tmp_path, kill_at=1)  # would be killed at its first step
    assert students.same_weights(whole, again)
    assert again_curve == curve


def test_no_checkpoint_means_a_fresh_start(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None


def test_accumulated_micro_batches_update_like_one_batch(pairs: list[MirrorPair], tmp_path: Path) -> None:
    assert len({pair.weight for pair in pairs}) > 1  # or a mean of means could not be told from a mean
    assert len({pair.length for pair in pairs}) > 1
    whole = {"epochs": 1.0, "save_steps": 1}  # every update is logged
    one, curve, _ = run(pairs, tmp_path / "one", batch_pairs=4, **whole)
    two, other, _ = run(pairs, tmp_path / "two", batch_pairs=1, accumulation=4, **whole)
    assert [point["step"] for point in curve] == [point["step"] for point in other] == [1, 2]
    for left, right in zip(one.parameters(), two.parameters(), strict=True):
        assert (left - right).abs().max() < 2e-4  # sums in another order, after two updates of 1e-2
    for point, same in zip(curve, other, strict=True):  # AdamW would hide a gradient of another size
        assert point == pytest.approx(same, rel=2e-3)


def test_recomputed_activations_change_nothing(pairs: list[MirrorPair], tmp_path: Path) -> None:
    kept, curve, _ = run(pairs, tmp_path / "kept")
    recomputed, other, _ = run(pairs, tmp_path / "recomputed", recompute=True)
    assert students.same_weights(kept, recomputed)
    assert curve == other


def test_bf16_computes_coarsely_and_keeps_fine_weights(pairs: list[MirrorPair], tmp_path: Path) -> None:
    fine, curve, _ = run(pairs, tmp_path / "fine")
    coarse, other, _ = run(pairs, tmp_path / "coarse", bf16=True)
    assert {weight.dtype for weight in coarse.parameters()} == {torch.float32}
    assert not students.same_weights(fine, coarse)
    assert other[-1]["loss"] == pytest.approx(curve[-1]["loss"], rel=0.05)


def test_training_lowers_the_loss(pairs: list[MirrorPair], tmp_path: Path) -> None:
    _, curve, _ = run(pairs, tmp_path, epochs=4.0)
    assert curve[-1]["nll_ab"] < curve[0]["nll_ab"] - 1
    assert {"step", "loss", "nll_ab", "nll_ba", "kl", "grad_norm", "learning_rate"} == set(curve[0])


def test_a_loss_that_is_no_number_stops_the_run(pairs: list[MirrorPair], tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="at step 5: lower the learning rate"):
        run(pairs, tmp_path, learning_rate=1e30)
    shutil.rmtree(tmp_path)
