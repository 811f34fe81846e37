from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from benchmarks._step import QWEN, model_flops
from mard.config import Lora
from mard.errors import InputError
from mard.lm.checkpoint import attach_lora
from mard.lm.size import KNOWN, Shape, shape_of
from tests import students

QWEN_SHAPE = KNOWN["Qwen/Qwen2.5-7B-Instruct"]
LLAMA_SHAPE = KNOWN["dmis-lab/llama-3.1-medprm-reward-v1.0"]


def test_qwen_has_its_published_size() -> None:
    # head and embedding 2 x 152,064 x 3,584                      = 1,089,994,752
    # a block: 2 x 3,584^2 + 2 x 3,584 x 512 + 3 x 3,584 x 18,944 =   233,046,016
    #          biases 3,584 + 2 x 512, norms 2 x 3,584            =        11,776
    # 28 blocks 6,525,618,176, last norm 3,584
    assert QWEN_SHAPE.linear_weights == 28 * 233_046_016
    assert QWEN_SHAPE.parameters == 1_089_994_752 + 6_525_618_176 + 3_584 == 7_615_616_512


def test_llama_has_its_published_size() -> None:
    assert LLAMA_SHAPE.parameters == 8_030_261_248


def test_an_adapter_on_qwen() -> None:
    # in + out of q, k, v, o, gate, up, down: 7,168 + 2 x 4,096 + 7,168 + 3 x 22,528 = 90,112
    assert QWEN_SHAPE.lora_parameters(64) == 28 * 64 * 90_112 == 161_480_704


def test_the_cache_of_a_token_of_qwen() -> None:
    assert QWEN_SHAPE.kv_bytes(2) == 2 * 28 * 512 * 2 == 57_344


def test_counts_are_those_of_the_models_themselves() -> None:
    """Built without memory."""
    with torch.device("meta"):
        qwen = Qwen2ForCausalLM(QWEN)
        llama = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=128_256,
                hidden_size=4096,
                intermediate_size=14_336,
                num_hidden_layers=32,
                num_attention_heads=32,
                num_key_value_heads=8,
            )
        )
        adapted = attach_lora(qwen, Lora(r=64, alpha=128, dropout=0.0), seed=0)
    assert sum(weight.numel() for weight in llama.parameters()) == LLAMA_SHAPE.parameters
    trained = [weight.numel() for weight in adapted.parameters() if weight.requires_grad]
    everything = sum(weight.numel() for weight in adapted.parameters())
    assert sum(trained) == QWEN_SHAPE.lora_parameters(64)
    assert everything == QWEN_SHAPE.parameters + QWEN_SHAPE.lora_parameters(64)


def test_our_own_architecture() -> None:
    model = Qwen2ForCausalLM(Qwen2Config(**asdict(students.SMALL), tie_word_embeddings=True))
    assert Shape.of(students.SMALL).parameters == sum(weight.numel() for weight in model.parameters())


def test_flops_by_hand() -> None:
    # width 2, inner 3, one head: 4 x 4 + 3 x 6 = 34 weights in one block; vocabulary 5: a head of 10
    shape = Shape(2, 3, 1, 1, 1, 5, tied=True, bias=True)
    # 4 tokens x (2 x 34 + 4 x half of 4 x width 2) + 1 position x 2 x 10
    assert shape.flops(4, 1, weight=2, mixing=1) == 4 * (68 + 16) + 20 == 356
    assert shape.flops(4, 1, weight=6, mixing=3) == 4 * (204 + 48) + 60 == 1068


def test_flops_are_those_of_the_benchmark() -> None:
    model = Qwen2ForCausalLM(Qwen2Config(**asdict(students.SMALL), tie_word_embeddings=True))
    own = 3 * Shape.of(students.SMALL).flops(100, 40, weight=6, mixing=3)
    assert own == pytest.approx(model_flops(model, 3, 100, 40), rel=1e-9)


def test_a_folder_says_its_shape(tmp_path: Path) -> None:
    config = Qwen2Config(**asdict(students.SMALL), tie_word_embeddings=True).to_dict()
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert shape_of(str(tmp_path)) == Shape.of(students.SMALL)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "mamba"}), encoding="utf-8")
    with pytest.raises(InputError, match="estimates know qwen2 and llama, not mamba"):
        shape_of(str(tmp_path))
    with pytest.raises(InputError, match="its size is not known without loading it"):
        shape_of("someone/something")


def test_an_untied_head_counts_twice() -> None:
    tied = Shape.of(students.SMALL)
    assert replace(tied, tied=False).parameters - tied.parameters == 1024 * 16
