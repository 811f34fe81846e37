"""What a model needs of a device's memory, estimated before there is a device.

The estimates leave out what libraries, fragments and communication buffers take: some 2 GB on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

from mard.config import Launch
from mard.lm.size import Shape

Dtype = Literal["float32", "bfloat16"]

WIDTH: Final = {"float32": 4, "bfloat16": 2}

SAVED: Final = {
    ("float32", False): (32, 8, 16),
    ("bfloat16", False): (20, 4, 8),
    ("float32", True): (64, 8, 20),
    ("bfloat16", True): (49, 4, 12),
}
"""Bytes that a block keeps a token for its way back, as multiples of hidden, KV and intermediate width, by
dtype and by whether an adapter with dropout is on it. Read off what autograd saves; attention keeps no
scores."""

LOGIT_BYTES: Final = 12
"""At the loss's peak a logit has a log-probability and two gradients, in float32."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on one device."""

    weights: float = 0.0
    gradients: float = 0.0
    optimizer: float = 0.0
    activations: float = 0.0
    logits: float = 0.0
    kv_cache: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return float(sum(getattr(self, field.name) for field in fields(self)))


def activations(shape: Shape, tokens: int, *, dtype: Dtype, adapted: bool, recompute: bool) -> float:
    """Bytes kept between the way there and back, the head left out.

    Recomputing keeps each block's input, and one block's activations at a time.
    """
    hidden, narrow, inner = SAVED[dtype, adapted]
    block = tokens * (hidden * shape.hidden + narrow * shape.kv_width + inner * shape.intermediate)
    if not recompute:
        return float(shape.layers * block)
    return float(shape.layers * tokens * shape.hidden * WIDTH[dtype] + block)


def training_memory(
    shape: Shape,
    launch: Launch,
    *,
    rank: int | None,
    dtype: Dtype,
    rows: int,
    length: int,
    logits: int,
    recompute: bool,
) -> Memory:
    """One device's share while training with AdamW.

    Adapters are float32, what else is trained has the model's dtype; DeepSpeed trains bfloat16 instead,
    with a float32 copy of what is trained beside AdamW's two moments. ZeRO-2 divides gradients and optimizer
    among the processes, ZeRO-3 the weights too.

    Args:
        rank: Of the adapter; None trains all weights.
        rows: Rows of a micro-batch on this device.
        length: Tokens of its longest row.
        logits: Positions whose logits are there at once.
    """
    divided = launch.processes > 1 and launch.strategy != "ddp"
    trained = shape.parameters if rank is None else shape.lora_parameters(rank)
    width = WIDTH[dtype] if rank is None or (divided and dtype == "bfloat16") else 4
    master = 4 if divided and width == 2 else 0
    moments = 8 if master else 2 * width
    weights = shape.parameters * WIDTH[dtype] + (trained * width if rank is not None else 0)
    share = launch.processes if divided else 1
    return Memory(
        weights=weights / (share if launch.strategy == "zero3" else 1),
        gradients=trained * width / share,
        optimizer=trained * (master + moments) / share,
        activations=activations(
            shape, rows * length, dtype=dtype, adapted=rank is not None, recompute=recompute
        ),
        logits=float(logits * shape.vocabulary * LOGIT_BYTES),
    )


def reading_memory(shape: Shape, *, dtype: Dtype, sequences: int, length: int) -> Memory:
    """A device's need while it reads or writes ``sequences`` of ``length`` tokens at once."""
    return Memory(
        weights=float(shape.parameters * WIDTH[dtype]),
        logits=float(sequences * shape.vocabulary * LOGIT_BYTES),
        kv_cache=float(sequences * length * shape.kv_bytes(WIDTH[dtype])),
    )
