from __future__ import annotations

from dataclasses import replace

from mard.config import Teacher
from mard.evaluate.cost import student_cost, teacher_cost

COUNTS = {"candidates": 600, "prompt_tokens": 180_000, "completion_tokens": 90_000}
PAID = Teacher("qwen", "openai", price_prompt=0.5, price_completion=2.0)


def test_a_teacher_by_hand() -> None:
    # 25 pairs, so a thousand are 40 times as many: (.18 M * .5 + .09 M * 2) * 40 = (.09 + .18) * 40
    assert teacher_cost(PAID, COUNTS, pairs=25) == {
        "who": "teacher qwen",
        "traces": 24_000,
        "prompt_tokens": 7_200_000,
        "completion_tokens": 3_600_000,
        "price": 10.8,
    }


def test_without_a_price_there_is_none_rather_than_0() -> None:
    free = replace(PAID, price_prompt=0.0, price_completion=0.0)
    assert teacher_cost(free, COUNTS, pairs=25)["price"] == "unscored"


def test_the_student_by_hand() -> None:
    row = student_cost("warm", pairs=4, traces=24, prompt_tokens=1000, completion_tokens=2402)
    assert (row["traces"], row["prompt_tokens"], row["completion_tokens"]) == (6000, 250_000, 600_500)


def test_a_student_that_wrote_no_trace_at_all_cost_nothing_for_traces() -> None:
    found = student_cost("warm", pairs=0, traces=0, prompt_tokens=0, completion_tokens=0)
    assert (found["traces"], found["prompt_tokens"], found["completion_tokens"]) == (0, 0, 0)
