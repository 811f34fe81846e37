"""A key-value cache for a batch that shares prompts, grows token by token, and shrinks as rows end."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor
from torch.nn.functional import pad
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM: Final = 128


class RoomyLayer(DynamicLayer):
    """Keys and values in a buffer with room to spare, so that a token is written, not concatenated.

    Shapes are [b, h, s, d]: rows, key-value heads, positions, channels of a head.
    """

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self._length = keys.shape[2]
        self._keys, self._values = _with_room(keys), _with_room(values)
        self._show()

    def update(self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any) -> Any:
        """Append positions; return all keys and values so far."""
        start, self._length = self._length, self._length + key_states.shape[2]
        while self._length > self._keys.shape[2]:
            self._keys, self._values = _with_room(self._keys), _with_room(self._values)
        self._keys[:, :, start : self._length] = key_states
        self._values[:, :, start : self._length] = value_states
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows."""
        self._keys, self._values = self._keys[indices], self._values[indices]
        self._show()

    def _show(self) -> None:
        self.keys, self.values = self._keys[:, :, : self._length], self._values[:, :, : self._length]


def _with_room(states: Tensor) -> Tensor:
    return pad(states, (0, 0, 0, ROOM))


def spread(prompts: DynamicCache, rows: Tensor) -> Cache:
    """A cache for rows that continue cached prompts.

    Args:
        prompts: One row a distinct prompt.
        rows: [b], the prompt of each row.
    """
    layers = [RoomyLayer(layer.keys[rows], layer.values[rows]) for layer in prompts.layers]
    return Cache(layers=layers)


def select(cache: Cache, rows: Tensor) -> None:
    """Keep only these rows of a cache."""
    for layer in cache.layers:
        layer.batch_select_indices(rows)
