"""Held-out figures from scores that are known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from mard.errors import InputError
from mard.judge.step_labels import step_labels
from mard.prm.corrupt import Corruptor
from mard.prm.dataset import StepRow
from mard.prm.evaluate import evaluate_citations, evaluate_prm
from mard.prm.score import Prm
from mard.schema import Step, Trace
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib

POOL = voriconazole_axitinib()
TRACE = metabolism_trace()


@dataclass
class Scorer:
    """Gives each step what a function says, and 0.9 to the answer."""

    score_of: Callable[[Step], float]

    def score(self, items: Sequence[tuple[str, Trace]], **_: Any) -> list[list[float]]:
        return [[*map(self.score_of, trace.steps), 0.9] for _, trace in items]


def scorer(score_of: Callable[[Step], float]) -> Prm:
    return cast("Prm", Scorer(score_of))


def row(number: int, *labels: bool) -> StepRow:
    known = labels or step_labels(TRACE, POOL, METABOLISM_DOWN)
    return StepRow(f"p{number}", f"p{number} t 0", "prompt", TRACE, known)


CORRUPTOR = Corruptor(
    lambda _: POOL, {f"p{number}": METABOLISM_DOWN for number in range(20)}, ["B:P35372"], seed=0
)


def test_steps_and_answers_count_alike() -> None:
    right = [row(0, True, True, False, True, False)]
    found = evaluate_prm(scorer(lambda step: 0.8 if step.step < 3 else 0.2), right)
    # 0.8 0.8 0.2 0.2 0.9 against + + - + -: three of five on the right side of 0.5
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["steps"] == 5
    assert found["plus_share"] == pytest.approx(3 / 5)
    # of the 3 x 2 pairs, (0.8, 0.2) twice is in order and (0.2, 0.2) a tie
    assert found["auroc"] == pytest.approx(2.5 / 6)


def test_a_scorer_that_looks_citations_up_tells_all_doubles_apart() -> None:
    rows = [row(number) for number in range(20)]
    found = evaluate_citations(
        scorer(lambda step: 0.9 if POOL.citations.issuperset(step.citations) else 0.1), rows, CORRUPTOR
    )
    assert (found["accuracy"], found["auroc"], found["plus_share"]) == (1.0, 1.0, 0.5)
    assert found["steps"] == 40
    assert found["ece"] == pytest.approx(0.1)


def test_a_scorer_that_reads_claims_only_tells_none_apart() -> None:
    rows = [row(number) for number in range(20)]
    found = evaluate_citations(scorer(lambda step: 0.9 - len(step.claim) / 1000), rows, CORRUPTOR)
    assert (found["accuracy"], found["auroc"]) == (0.5, 0.5)


def test_rows_without_a_good_citation_are_no_evidence() -> None:
    with pytest.raises(InputError, match=r"none of 1 held-out traces.*prm\.holdout_share"):
        evaluate_citations(scorer(lambda _: 0.9), [row(0, *[False] * 5)], CORRUPTOR)
