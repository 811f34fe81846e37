"""Models on disk: built from a config, loaded, adapted with LoRA, saved. Safetensors only, no pickle.

A trained model is a folder with ``tokenizer/`` and either ``model/`` (all weights) or ``adapter/``
and ``base.json`` (a LoRA adapter and the checkpoint that it adapts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn import Parameter
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from mard.config import Architecture, Lora
from mard.errors import InputError
from mard.io import read_json, write_json
from mard.lm.runtime import quiet

Model: TypeAlias = PreTrainedModel | PeftModel

DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def build_model(
    architecture: Architecture, tokenizer: PreTrainedTokenizerBase, *, max_length: int, seed: int
) -> PreTrainedModel:
    """A Qwen2 decoder with random weights; the same seed gives the same weights.

    Their spread is 1 / (2 sqrt(width)). Qwen's own 0.02 is about that at its widths; at a width of
    128 it is too narrow, and training spends its first hundred steps on widening it.
    """
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        intermediate_size=architecture.intermediate_size,
        num_hidden_layers=architecture.num_hidden_layers,
        num_attention_heads=architecture.num_attention_heads,
        num_key_value_heads=architecture.num_key_value_heads,
        max_position_embeddings=max_length,
        initializer_range=0.5 * architecture.hidden_size**-0.5,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)


def load_model(source: str | Path, dtype: str = "float32") -> PreTrainedModel:
    """Load a causal language model from a folder or hub id (``HF_HUB_OFFLINE=1`` forbids the hub).

    Raises:
        InputError: It is not there, or its weights are not safetensors.
    """
    try:
        with quiet():
            return AutoModelForCausalLM.from_pretrained(
                str(source), dtype=DTYPES[dtype], use_safetensors=True, trust_remote_code=False
            )
    except OSError as error:
        raise InputError(f"cannot load a model from {source}: {str(error).splitlines()[0]}") from error


def attach_lora(model: PreTrainedModel, lora: Lora, *, seed: int) -> PeftModel:
    """A fresh LoRA adapter on all linear layers but the output head; the base is frozen."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        return get_peft_model(model, lora_config(lora))


def lora_config(lora: Lora) -> LoraConfig:
    """PEFT's config for our parameters."""
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def save_trained(
    model: Model, tokenizer: PreTrainedTokenizerBase, folder: Path, *, base: str | None = None
) -> None:
    """Write ``folder/tokenizer`` and ``folder/model``, or ``folder/adapter`` and ``folder/base.json``.

    Args:
        base: For an adapter, the checkpoint that it adapts.
    """
    tokenizer.save_pretrained(folder / "tokenizer")
    if isinstance(model, PeftModel):
        save_adapter(model, folder / "adapter")
        write_json(folder / "base.json", {"checkpoint": base})
    else:
        with quiet(), whole(model.parameters()):
            model.save_pretrained(folder / "model")


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write a LoRA adapter: the same adapter gives the same bytes, wherever its base was loaded from."""
    with whole(weight for weight in model.parameters() if weight.requires_grad):
        model.save_pretrained(folder)
    (folder / "README.md").unlink()
    config = read_json(folder / "adapter_config.json")
    config |= {"base_model_name_or_path": None, "target_modules": sorted(config["target_modules"])}
    write_json(folder / "adapter_config.json", config)


@contextmanager
def whole(weights: Iterable[Parameter]) -> Iterator[None]:
    """Undivided, within the block, what ZeRO-3 has divided among processes; all of these must come here."""
    divided = [weight for weight in weights if hasattr(weight, "ds_id")]
    if not divided:
        yield
        return
    import deepspeed

    with deepspeed.zero.GatheredParameters(divided):
        yield


def load_trained(folder: Path, dtype: str = "float32") -> Model:
    """Load what :func:`save_trained` wrote.

    Raises:
        InputError: The folder holds no trained model.
    """
    if (folder / "model").is_dir():
        return load_model(folder / "model", dtype)
    base: str = read_json(folder / "base.json")["checkpoint"]
    return load_adapter(load_model(base, dtype), folder / "adapter")


def load_adapter(model: Model, adapter: Path, *, trainable: bool = False) -> PeftModel:
    """Put a saved LoRA adapter on a model; one that carries an adapter already is merged first."""
    if isinstance(model, PeftModel):
        model = model.merge_and_unload()
    with quiet():
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
