"""How large a decoder is and what its steps cost, by arithmetic: nothing is built and nothing is loaded.

Qwen2 and Llama have the same linear layers: queries, keys, values and their output, gate, up and down. Only
Qwen2 adds a bias to the first three.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mard.config import Architecture
from mard.errors import InputError
from mard.io import read_json


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder's dimensions; ``tied`` means that the output head is the embedding."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool
    bias: bool

    @classmethod
    def of(cls, architecture: Architecture) -> Shape:
        """The model that we build from random weights."""
        return cls(
            architecture.hidden_size,
            architecture.intermediate_size,
            architecture.num_hidden_layers,
            architecture.num_attention_heads,
            architecture.num_key_value_heads,
            architecture.vocab_size,
            tied=True,
            bias=True,
        )

    @property
    def kv_width(self) -> int:
        """Width of a token's keys in one layer, and of its values."""
        return self.hidden // self.heads * self.kv_heads

    @property
    def linear(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of the seven linear layers of a block."""
        wide, narrow, inner = self.hidden, self.kv_width, self.intermediate
        attention = ((wide, wide), (wide, narrow), (wide, narrow), (wide, wide))
        return *attention, (wide, inner), (wide, inner), (inner, wide)

    @property
    def linear_weights(self) -> int:
        """Weights of all blocks' linear layers, biases left out."""
        return self.layers * sum(inward * outward for inward, outward in self.linear)

    @property
    def head_weights(self) -> int:
        """Weights of the output head, or of the embedding that stands in for it."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters."""
        biases = self.layers * (self.hidden + 2 * self.kv_width) if self.bias else 0
        norms = (2 * self.layers + 1) * self.hidden
        return self.head_weights * (1 if self.tied else 2) + self.linear_weights + biases + norms

    def lora_parameters(self, rank: int) -> int:
        """Parameters of an adapter on all linear layers but the head: rank x (in + out) each."""
        return self.layers * rank * sum(inward + outward for inward, outward in self.linear)

    def kv_bytes(self, width: int) -> int:
        """Bytes of the KV cache a token, with ``width`` bytes a number."""
        return 2 * self.layers * self.kv_width * width

    def flops(self, tokens: int, kept: int, *, weight: int, mixing: int) -> float:
        """FLOPs of a sequence of ``tokens`` whose output head is read at ``kept`` positions.

        Args:
            tokens: Of the sequence; each looks at half of them on average.
            kept: Positions that need logits.
            weight: FLOPs a weight and token: 2 forward, 2 more for the gradient of the input, 2 more for
                its own.
            mixing: Times that queries meet keys and scores meet values: 1 forward, 2 more backward.
        """
        attention = mixing * 2 * 2 * (tokens / 2) * self.hidden * self.layers
        return tokens * (weight * self.linear_weights + attention) + kept * weight * self.head_weights


KNOWN: Final = {
    "Qwen/Qwen2.5-7B-Instruct": Shape(3584, 18_944, 28, 28, 4, 152_064, tied=False, bias=True),
    "dmis-lab/llama-3.1-medprm-reward-v1.0": Shape(4096, 14_336, 32, 32, 8, 128_256, tied=False, bias=False),
}
"""Hub checkpoints that presets name, so that their size is known without the hub."""


def shape_of(checkpoint: str) -> Shape:
    """The shape of a checkpoint: one that presets name, or a folder.

    Raises:
        InputError: It is neither, or it is no decoder of these kinds.
    """
    if checkpoint in KNOWN:
        return KNOWN[checkpoint]
    file = Path(checkpoint) / "config.json"
    if not file.is_file():
        raise InputError(
            f"{checkpoint}: its size is not known without loading it; give a folder with a config.json, or "
            f"one of {', '.join(KNOWN)}"
        )
    return _from_config(file, read_json(file))


def _from_config(file: Path, config: dict[str, Any]) -> Shape:
    if config.get("model_type") not in ("qwen2", "llama"):
        raise InputError(f"{file}: estimates know qwen2 and llama, not {config.get('model_type')}")
    return Shape(
        config["hidden_size"],
        config["intermediate_size"],
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["num_key_value_heads"],
        config["vocab_size"],
        tied=config.get("tie_word_embeddings", False),
        bias=config["model_type"] == "qwen2",
    )
