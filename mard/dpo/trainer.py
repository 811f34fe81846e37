"""TRL's DPO trainer with a weight a pair: one small subclass, pinned to the versions that it knows.

TRL has no hook for the loss. This subclass carries a ``weight`` column through the collator and the
signature columns, lets the stock trainer run, captures the log-probabilities that it computed, and
returns Eq. 7 of them. With every weight 1 that is the stock loss to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
import trl
from torch import Tensor, nn
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from mard.dpo.loss import dpo_values, weighted_values
from mard.errors import IncompatibleTrainer

KNOWN_VERSIONS: Final = ("1.16.0",)
"""Versions whose internals were read and for which the equality with the stock loss is tested."""


def check_trainer(version: str = trl.__version__) -> None:
    """Refuse a TRL whose trainer might ignore the weights.

    Raises:
        IncompatibleTrainer: The version is not one of :data:`KNOWN_VERSIONS`.
    """
    if version not in KNOWN_VERSIONS:
        raise IncompatibleTrainer(
            f"TRL {version} is not known to compute the loss as the weighted trainer expects "
            f"(known: {', '.join(KNOWN_VERSIONS)}); install one of these, set dpo.backend to importance, "
            "or accept unweighted training with dpo.prm_weight_fallback=unweighted"
        )


@dataclass
class WeightedCollator(DataCollatorForPreference):
    """TRL's collator, and the weights as a tensor [b]."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Pad and stack; see TRL."""
        batch: dict[str, Any] = super().torch_call(examples)
        return batch | {"weight": torch.tensor([example["weight"] for example in examples])}


class WeightedDPOTrainer(DPOTrainer):
    """DPO with Eq. 7 for a loss; the dataset has a column ``weight``.

    Args:
        mean_weight: Mean of that column, the normaliser of Eq. 7.
        arguments: As TRL takes them.
    """

    def __init__(self, *, mean_weight: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.mean_weight = mean_weight

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if "weight" not in self._signature_columns:
            self._signature_columns.append("weight")

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool) -> Any:
        rest = {name: value for name, value in inputs.items() if name != "weight"}
        with self._captured_log_probs() as captured:
            super()._compute_loss(model, rest, return_outputs)
        values = self._values(captured)
        return weighted_values(values, inputs["weight"], self.mean_weight).mean()

    def _values(self, captured: Sequence[Tensor]) -> Tensor:
        if len(captured) != 2:
            raise IncompatibleTrainer(
                f"TRL's trainer ran the model {len(captured)} times on a batch; expected the policy, then "
                "the reference with the adapter disabled"
            )
        policy, reference = (log_probs.sum(dim=1) for log_probs in captured)
        chosen, rejected = policy.chunk(2)
        ref_chosen, ref_rejected = reference.chunk(2)
        return dpo_values(chosen, rejected, ref_chosen, ref_rejected, self.beta)

    @contextmanager
    def _captured_log_probs(self) -> Iterator[list[Tensor]]:
        """Per-token log-probabilities [2b, s] of each forward of the model, in order."""
        captured: list[Tensor] = []

        def keep(_: nn.Module, __: Any, output: Any) -> None:
            captured.append(output.log_probs)

        handle = self.accelerator.unwrap_model(self.model).register_forward_hook(keep)
        try:
            yield captured
        finally:
            handle.remove()
