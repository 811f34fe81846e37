from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from mard.config import Lora, load_params
from mard.lm.checkpoint import Model, attach_lora
from mard.lm.memory import WIDTH, Dtype, Memory, activations, reading_memory, training_memory
from mard.lm.size import KNOWN, Shape
from tasks.stage import PARAMS

QWEN = KNOWN["Qwen/Qwen2.5-7B-Instruct"]
ONE = load_params(PARAMS).launch
ADAPTER = 161_480_704


def need(**changes: Any) -> Memory:
    launch = replace(
        ONE, **{name: changes.pop(name) for name in ("processes", "strategy") if name in changes}
    )
    given: dict[str, Any] = {
        "rank": 64,
        "dtype": "bfloat16",
        "rows": 2,
        "length": 1000,
        "logits": 100,
        "recompute": True,
    }
    return training_memory(QWEN, launch, **{**given, **changes})


def test_an_adapter_over_frozen_bfloat16_weights() -> None:
    found = need()
    assert found.weights == 2 * 7_615_616_512 + 4 * ADAPTER
    assert found.gradients == 4 * ADAPTER
    assert found.optimizer == 8 * ADAPTER
    assert found.logits == 100 * 152_064 * 12
    # 28 inputs of 2,000 tokens x 3,584 x 2 bytes, and one block: 49 x 3,584 + 4 x 512 + 12 x 18,944 a token
    assert found.activations == 28 * 2000 * 7168 + 2000 * 404_992 == 1_211_392_000
    assert found.total == sum(
        (found.weights, found.gradients, found.optimizer, found.activations, found.logits)
    )


def test_all_weights() -> None:
    found = need(rank=None, dtype="float32")
    assert (found.weights, found.gradients, found.optimizer) == tuple(
        width * 7_615_616_512 for width in (4, 4, 8)
    )


def test_repeating_the_model_saves_nothing() -> None:
    assert need(processes=4, strategy="ddp") == need()


def test_zero2_divides_what_is_trained() -> None:
    """Under DeepSpeed the adapter is bfloat16, with a float32 copy and two float32 moments: 2, 2 and 12."""
    found = need(processes=4, strategy="zero2")
    assert found.weights == 2 * 7_615_616_512 + 2 * ADAPTER
    assert found.gradients == 2 * ADAPTER / 4
    assert found.optimizer == 12 * ADAPTER / 4
    assert found.activations == need().activations


def test_zero3_divides_the_weights_too() -> None:
    found = need(processes=4, strategy="zero3")
    assert found.weights == (2 * 7_615_616_512 + 2 * ADAPTER) / 4
    assert found.optimizer == need(processes=4, strategy="zero2").optimizer


def test_reading() -> None:
    found = reading_memory(QWEN, dtype="bfloat16", sequences=10, length=1000)
    assert found.weights == 2 * 7_615_616_512
    assert found.kv_cache == 10 * 1000 * 57_344
    assert found.logits == 10 * 152_064 * 12
    assert found.gradients == found.optimizer == found.activations == 0


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_activations_are_what_autograd_keeps(dtype: Dtype, adapted: bool) -> None:
    """A block's worth: the difference between a model of three blocks and one of two."""
    shape = Shape(256, 512, 1, 8, 2, 64, tied=True, bias=True)
    estimated = activations(shape, 128, dtype=dtype, adapted=adapted, recompute=False)
    kept = saved_bytes(shape, 3, dtype, adapted) - saved_bytes(shape, 2, dtype, adapted)
    assert estimated == pytest.approx(kept, rel=0.04)
    recomputed = activations(replace(shape, layers=5), 128, dtype=dtype, adapted=adapted, recompute=True)
    assert recomputed == estimated + 5 * 128 * 256 * WIDTH[dtype]


def saved_bytes(shape: Shape, layers: int, dtype: Dtype, adapted: bool) -> int:
    """Bytes that autograd keeps for two rows of 64 tokens, parameters left out."""
    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
    )
    model: Model = Qwen2ForCausalLM._from_config(config, dtype=getattr(torch, dtype))
    if adapted:
        model = attach_lora(model, Lora(r=1, alpha=1, dropout=0.05), seed=0)
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    alive: list[torch.Tensor] = []
    with (
        torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: alive.append(tensor) or tensor, lambda kept: kept
        ),
        torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"),
    ):
        model.train()(input_ids=torch.zeros(2, 64, dtype=torch.long), logits_to_keep=1, use_cache=False)
    kept = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in alive}
    return sum(size for place, size in kept.items() if place not in own)
