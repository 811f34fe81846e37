from __future__ import annotations

import pytest
import torch
from transformers import Qwen2Config

from benchmarks import _step, sft_step
from mard.config import Lora
from mard.lm.checkpoint import attach_lora
from mard.sft.dataset import IGNORED, MirrorBatch
from mard.sft.loss import Involution, mirror_loss
from mard.sft.train import MirrorTrainer, kept_logits

SMALL = Qwen2Config(
    vocab_size=64,
    hidden_size=8,
    intermediate_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    max_position_embeddings=128,
    tie_word_embeddings=False,
)


def test_the_line_has_its_keys_and_both_steps_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft_step, "ROUNDS", 1)
    ratios, details = sft_step.run(0.0)
    assert ratios.keys() == {"kl_overhead", "mfu"}
    assert ratios["kl_overhead"] > 0
    assert ratios["mfu"] is None
    assert (details["rows"], details["length"]) == (4, 64)
    assert details["tokens_per_second"] > 0


def test_the_large_path_runs_on_a_small_qwen_in_bf16_with_an_adapter(tmp_path) -> None:
    model = attach_lora(_step.decoder(SMALL, "cpu", torch.bfloat16), Lora(4, 8, 0.0), seed=0)
    assert {weight.dtype for weight in _step.trained(model)} == {torch.float32}
    assert {weight.dtype for weight in model.parameters() if not weight.requires_grad} == {torch.bfloat16}
    pairs = [sft_step.mirror_pair(64, SMALL.vocab_size, seed=0)]
    before = [weight.detach().clone() for weight in _step.trained(model)]
    steps = [
        sft_step.step(kind, model, pairs, tmp_path, bf16=True) for kind in (MirrorTrainer, sft_step.WithoutKl)
    ]
    plain = steps[1]()
    assert plain == pytest.approx(torch.tensor(64.0).log().item(), rel=0.1)  # nothing is known yet
    assert steps[0]() > 0
    assert any(not torch.equal(old, new) for old, new in zip(before, _step.trained(model), strict=True))


def test_the_reference_is_the_step_without_the_divergence(tmp_path) -> None:
    pairs = [sft_step.mirror_pair(64, SMALL.vocab_size, seed=0)]
    first = {}
    for kind in (MirrorTrainer, sft_step.WithoutKl):
        model = _step.decoder(SMALL, "cpu", torch.float32)
        first[kind] = sft_step.step(kind, model, pairs, tmp_path, bf16=False)()
    model, batch = _step.decoder(SMALL, "cpu", torch.float32).train(), MirrorBatch.of(pairs, pad=0)
    involution = Involution(torch.arange(4), torch.arange(64))
    kl = mirror_loss(kept_logits(model, batch), batch, involution, "tag").kl.item()
    assert kl > 0
    assert first[MirrorTrainer] - first[sft_step.WithoutKl] == pytest.approx(0.1 * kl, abs=1e-6)


def test_a_row_is_a_quarter_completion_and_its_direction_a_tag() -> None:
    batch = MirrorBatch.of([sft_step.mirror_pair(64, 2048, seed=1)], pad=0)
    known = (batch.labels != IGNORED).sum(dim=1).tolist()
    assert known == [16, 16]
    assert batch.labels.shape[1] == 64 // 4 + 1
    assert batch.labels.gather(1, batch.direction[:, None]).flatten().tolist() == [1, 1]


def test_flops_by_hand() -> None:
    # A layer: q and o 8 x 8, k and v 8 x 4, gate, up and down 8 x 16: 192 + 384 = 576 weights; two
    # layers 1,152. All trained: 6 each; head 8 x 64 = 512 weights, 6 each.
    # Attention: 2 multiplications of 2 FLOPs over length / 2 keys of width 8, in 2 layers, thrice:
    # 3 * 2 * 2 * 5 * 8 * 2 = 960 a token at length 10.
    model = _step.decoder(SMALL, "cpu", torch.float32)
    expected = 3 * (10 * (6 * 1_152 + 960) + 4 * 6 * 512)
    assert _step.model_flops(model, rows=3, length=10, kept=4) == expected


def test_a_frozen_weight_costs_four_and_an_adapter_six() -> None:
    # Rank 1 adds 8 + 8 for q and o, 8 + 4 for k and v, 8 + 16 for gate, up and down: 128 a layer.
    model = attach_lora(_step.decoder(SMALL, "cpu", torch.float32), Lora(1, 1, 0.0), seed=0)
    expected = 10 * (4 * 1_152 + 6 * 256 + 960) + 10 * 4 * 512
    assert _step.model_flops(model, rows=1, length=10, kept=10) == expected


def test_utilisation_is_unknown_without_a_peak() -> None:
    assert _step.utilisation(50.0, 2.0, 100.0) == 0.25
    assert _step.utilisation(50.0, 2.0, None) is None


def test_a_ratio_is_taken_round_by_round(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter([9, 9, 9, 9, 2, 3, 8, 4, 4, 5])  # two rounds of warming up, then 3/2, 8/4 and 5/4
    monkeypatch.setattr(_step, "_seconds", lambda _: next(spent))
    ratio, own, reference = _step.in_turns(lambda: None, lambda: None, rounds=3)
    assert (ratio, own, reference) == (1.5, 5, 4)
