"""What the weighted trainer relies on in TRL: a new version must be read before it is listed as known."""

from __future__ import annotations

import inspect

import pytest
import trl
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from mard.dpo.trainer import KNOWN_VERSIONS, WeightedDPOTrainer, check_trainer
from mard.errors import IncompatibleTrainer


def test_the_installed_version_is_known() -> None:
    assert trl.__version__ in KNOWN_VERSIONS == ("1.16.0",)
    check_trainer()


def test_another_version_is_not() -> None:
    with pytest.raises(IncompatibleTrainer, match=r"TRL 2\.0\.0"):
        check_trainer("2.0.0")


def test_the_hooks_are_where_they_were() -> None:
    assert list(inspect.signature(DPOTrainer._compute_loss).parameters) == [
        "self",
        "model",
        "inputs",
        "return_outputs",
    ]
    assert hasattr(DPOTrainer, "_set_signature_columns_if_needed")
    assert hasattr(DataCollatorForPreference, "torch_call")
    source = inspect.getsource(DPOTrainer._compute_loss)
    assert "per_token_logps.sum(dim=1)" in source
    assert "-F.logsigmoid(self.beta * delta_score)" in source
    assert "per_sequence_loss.mean() * loss_weight" in source


def test_a_trainer_that_runs_the_model_otherwise_is_refused() -> None:
    class Recomputing(WeightedDPOTrainer):
        def __init__(self) -> None:
            self.beta = 0.1

    with pytest.raises(IncompatibleTrainer, match="ran the model 3 times"):
        Recomputing()._values([None, None, None])  # type: ignore[list-item]
