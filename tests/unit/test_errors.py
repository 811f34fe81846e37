from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from mard import errors
from mard.errors import GateFailure, MardError

EXAMPLES = {
    "path": Path("release.xml"),
    "source": "params.yaml",
    "faults": ["sft.lr: too large"],
    "examples": ["DB00001|DB00002"],
    "nearest": ["Heparin"],
    "candidates": ["DB00001", "DB00002"],
    "problems": ["no column pair_id"],
    "offset": 12,
    "line": 3,
    "port": 4200,
    "count": 2,
    "step": 7,
    "loss": float("inf"),
    "spent": 1.5,
    "answered": 10,
    "wanted": 24,
    "kept": Path("label.failed"),
}
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MardError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_comes_out_of_a_worker_process_as_it_went_in(kind: type[MardError]) -> None:
    if "__init__" in vars(kind):
        taken = inspect.signature(kind).parameters
        error = kind(**{name: EXAMPLES.get(name, name) for name in taken})
    else:
        error = kind("a message")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_failed_gate_says_where_its_findings_are_kept() -> None:
    failure = GateFailure("label_unique", "corpus", 1, ["DB00001|DB00002"])
    assert str(failure) == "gate label_unique fails on corpus: 1 violation, e.g. DB00001|DB00002"
    kept = failure.kept_in(Path("gates.failed"))
    assert str(kept) == f"{failure}; all of it is in gates.failed"
    assert vars(kept) == vars(failure)
