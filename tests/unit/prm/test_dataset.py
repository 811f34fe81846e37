from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mard.errors import InputError
from mard.prm.dataset import StepRow, divide, prm_examples, read_step_rows
from tests import students
from tests.builders import metabolism_trace


def rows(pairs: int = 40, traces: int = 3) -> list[StepRow]:
    return [
        StepRow(f"p{pair}", f"p{pair} t {index}", "prompt", metabolism_trace(), (True,) * 5)
        for pair in range(pairs)
        for index in range(traces)
    ]


def test_only_the_training_part_is_read() -> None:
    base = {"pair_id": "DB00001|DB00002", "teacher": "t", "index": 0, "prompt": "p", "labels": [True] * 5}
    table = [
        {**base, "part": part, "trace": json.loads(metabolism_trace().to_json())}
        for part in ("train", "val", "test")
    ]
    assert [row.key for row in read_step_rows(table)] == ["DB00001|DB00002 t 0"]


def test_a_row_with_a_label_missing_is_named() -> None:
    row = {"pair_id": "DB00001|DB00002", "teacher": "t", "index": 7, "prompt": "p", "part": "train"}
    with pytest.raises(InputError, match=r"DB00001\|DB00002 t 7: 4 labels for 4 steps and an answer"):
        read_step_rows([{**row, "trace": json.loads(metabolism_trace().to_json()), "labels": [True] * 4}])


def test_no_pair_is_on_both_sides_and_the_order_of_rows_does_not_matter() -> None:
    train, held_out = divide(rows(), max_traces=1000, holdout_share=0.25, seed=1)
    assert len(train) + len(held_out) == 120
    assert not {row.pair_id for row in train} & {row.pair_id for row in held_out}
    assert 4 <= len({row.pair_id for row in held_out}) <= 16
    assert divide(rows()[::-1], max_traces=1000, holdout_share=0.25, seed=1) == (train, held_out)
    assert divide(rows(), max_traces=1000, holdout_share=0.25, seed=2)[1] != held_out


def test_a_draw_is_part_of_a_larger_draw() -> None:
    few, _ = divide(rows(), max_traces=30, holdout_share=0.25, seed=1)
    many, _ = divide(rows(), max_traces=60, holdout_share=0.25, seed=1)
    assert {row.key for row in few} < {row.key for row in many}


def test_labels_stand_at_the_separators() -> None:
    labels = (True, False, True, False, True)
    (example,) = prm_examples([replace(rows(1, 1)[0], labels=labels)], students.tokenizer(), max_length=512)
    assert example.labels == labels
    assert len(example.encoded.separators) == 5
