"""What the benchmarks of training steps share: models, steps taken in turns, model FLOPs, the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from statistics import median
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from mard.config import Lora, load_params
from mard.lm.checkpoint import Model
from tasks.stage import PARAMS

LONGEST: Final = 4096
"""Tokens of a row at scale 1."""

QWEN_FROM: Final = 0.5
"""Scale from which on, where there is a CUDA device, the model is Qwen2.5-7B."""

BF16_PEAK: Final = {
    "NVIDIA H100 PCIe": 756e12,
    "NVIDIA H100 NVL": 835e12,
    "NVIDIA H100 80GB HBM3": 989e12,
    "NVIDIA H200 NVL": 835e12,
    "NVIDIA H200": 989e12,
}
"""Dense bf16 FLOP/s by device name, from the vendor's data sheets."""

QWEN: Final = Qwen2Config(
    vocab_size=152_064,
    hidden_size=3584,
    intermediate_size=18_944,
    num_hidden_layers=28,
    num_attention_heads=28,
    num_key_value_heads=4,
    max_position_embeddings=32_768,
    tie_word_embeddings=False,
    rope_parameters={"rope_type": "default", "rope_theta": 1e6},
)
QWEN_LORA: Final = Lora(r=64, alpha=128, dropout=0.05)

ROOMY_BYTES: Final = 100e9
"""Memory of a device that keeps all activations of Qwen2.5-7B over two rows of 4,096 tokens."""


def is_large(scale: float) -> bool:
    """Whether the step is that of Qwen2.5-7B on a GPU; else it is the tiny student's."""
    return torch.cuda.is_available() and scale >= QWEN_FROM


def random_model(scale: float) -> PreTrainedModel:
    """Random weights without an adapter: Qwen2.5-7B in bf16 on the GPU, or the student of ``params.yaml``."""
    if is_large(scale):
        return decoder(QWEN, "cuda", torch.bfloat16)
    student = load_params(PARAMS).student
    assert student.architecture is not None
    return decoder(
        Qwen2Config(**asdict(student.architecture), tie_word_embeddings=True), "cpu", torch.float32
    )


def decoder(config: Qwen2Config, device: str, dtype: torch.dtype) -> PreTrainedModel:
    """A Qwen2 decoder, made on its device: a 7B model never passes through the host's memory."""
    with torch.device(device):
        torch.manual_seed(0)
        return Qwen2ForCausalLM._from_config(config, dtype=dtype)


def lora(scale: float) -> Lora:
    """The adapter's size: the paper's on Qwen2.5-7B, that of ``params.yaml`` on the tiny student."""
    return QWEN_LORA if is_large(scale) else load_params(PARAMS).student.lora


def trained(model: nn.Module) -> list[nn.Parameter]:
    """What the optimizer updates."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def in_turns(
    step: Callable[[], Any], reference: Callable[[], Any], rounds: int
) -> tuple[float, float, float]:
    """Median over rounds of the step's time over the reference's, and both median times in seconds.

    A round takes both, in turns which first, so that what slows the machine slows both. The first two
    rounds are not counted.
    """
    taken = []
    for number in range(rounds + 2):
        if number % 2:
            own, other = _seconds(step), _seconds(reference)
        else:
            other, own = _seconds(reference), _seconds(step)
        taken.append((own / other, own, other))
    ratios, own_times, other_times = zip(*taken[2:], strict=True)
    return median(ratios), median(own_times), median(other_times)


def _seconds(step: Callable[[], Any]) -> float:
    """Wall time on a GPU; on a CPU the process's own, to which what else the machine does adds nothing."""
    if not torch.cuda.is_available():
        started = time.process_time()
        step()
        return time.process_time() - started
    torch.cuda.synchronize()
    started = time.perf_counter()
    step()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def model_flops(model: Model, rows: int, length: int, kept: int) -> float:
    """FLOPs that one training step needs, recomputation not counted.

    A weight costs 2 a token forward and 2 for the gradient of its input; a trained one 2 more for its
    own. The output head is needed at ``kept`` positions a row only. Attention multiplies queries with
    keys and scores with values over the causal half, and both again, twice, on the way back.
    """
    body = head = 0
    for name, weight in model.named_parameters():
        if weight.dim() != 2:
            continue
        cost = weight.numel() * (6 if weight.requires_grad else 4)
        if "embed_tokens" not in name and "lm_head" not in name:
            body += cost
        elif "lm_head" in name or model.config.tie_word_embeddings:
            head += cost
    config = model.config
    width = config.hidden_size
    attention = 3 * 2 * 2 * (length / 2) * width * config.num_hidden_layers
    return rows * (length * (body + attention) + kept * head)


def update(
    model: Model, loss: Callable[[], Tensor], *, bf16: bool, learning_rate: float = 1e-5
) -> Callable[[], float]:
    """One whole update, as a function: forward, backward, AdamW. It returns the loss."""
    optimizer = torch.optim.AdamW(trained(model), lr=learning_rate)

    def step() -> float:
        model.train()
        with torch.autocast(model.device.type, torch.bfloat16) if bf16 else nullcontext():
            value = loss()
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value.item()

    return step


def recompute(model: Model) -> bool:
    """Compute activations again on the way back where the device has little memory; whether it does."""
    small = model.device.type == "cuda" and torch.cuda.get_device_properties(0).total_memory < ROOMY_BYTES
    if small:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    return small


def device() -> dict[str, Any]:
    """The device's name, its bf16 peak where it is known, and the peak of memory so far."""
    if not torch.cuda.is_available():
        return {
            "device": f"CPU, {torch.get_num_threads()} threads",
            "bf16_peak": None,
            "peak_memory_gb": None,
        }
    name = torch.cuda.get_device_name()
    return {
        "device": name,
        "bf16_peak": BF16_PEAK.get(name),
        "peak_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
    }


def utilisation(flops: float, seconds: float, peak: float | None) -> float | None:
    """Model FLOPs a second over the device's peak; None where that is not known."""
    return None if peak is None else flops / seconds / peak
