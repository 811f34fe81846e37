"""``python -m tests.trainees FOLDER KIND...``: train tiny models, alone or as one of several processes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import tasks  # noqa: F401 -- sets the environment before anything heavy is imported
from mard.dpo.dataset import PreferenceRow
from mard.dpo.train import train_preferences
from mard.lm.checkpoint import attach_lora, save_adapter, save_trained
from mard.lm.prompt import build_prompt
from mard.prm.dataset import StepRow, prm_examples
from mard.prm.train import train_prm
from mard.schema import Direction
from mard.sft.dataset import encode_examples
from mard.sft.train import evaluate_student, train_student
from tests import students
from tests.builders import with_answer

Curve = list[dict[str, float]]

RANK = os.environ.get("RANK", "0")


def sft(folder: Path) -> Curve:
    """All weights, pairs of unequal weight, two micro-batches an update; the last point is held out."""
    model, tokenizer = students.model(), students.tokenizer()
    examples = [
        replace(each, audit_weight=(number + 1) / 8) for number, each in enumerate(students.examples())
    ]
    pairs = encode_examples(examples, tokenizer, max_length=512, identity_dropout=0.0, seed=0)
    params = students.sft_params(epochs=4.0, accumulation=2)
    curve = train_student(model, tokenizer, pairs, params, work=folder / "work")
    held_out = evaluate_student(model, tokenizer, pairs)
    save_trained(model, tokenizer, folder / f"process{RANK}")
    return [*curve, held_out]


def prm(folder: Path) -> Curve:
    """An adapter, batches of four traces."""
    tokenizer = students.tokenizer()
    model = attach_lora(students.model(), students.LORA, seed=1)
    rows = [
        StepRow(str(number), str(number), prompt, trace, (True, True, False, False, number % 2 == 0))
        for number, (prompt, trace) in enumerate(students.prompts())
    ]
    params = students.prm_params()
    return train_prm(model, tokenizer, prm_examples(rows, tokenizer, 512), params, work=folder / "work")


def dpo(folder: Path) -> Curve:
    """An adapter, batches of four preferences of unequal weight."""
    tokenizer = students.tokenizer()
    rows = [
        PreferenceRow(
            build_prompt(tokenizer, each.pool),
            each.trace.to_json(),
            with_answer(each.trace, direction=Direction.NONE).to_json(),
            (number + 1) / 8,
        )
        for number, each in enumerate(students.examples())
    ]
    params = students.dpo_params(epochs=2.0)
    found = train_preferences(
        students.model().eval(), tokenizer, rows, params, students.LORA, work=folder / "work"
    )
    save_adapter(found.model, folder / f"process{RANK}")
    return found.history


KINDS = {"sft": sft, "prm": prm, "dpo": dpo}


if __name__ == "__main__":
    for kind in sys.argv[2:]:
        folder = Path(sys.argv[1]) / kind
        curve = KINDS[kind](folder)
        (folder / f"curve{RANK}.json").write_text(json.dumps(curve), encoding="utf-8")
