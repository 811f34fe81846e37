"""Scores, probabilities and draws by hand."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from mard.schema import Direction, Family
from mard.teach.symbolic.argument import Argument, Kind
from mard.teach.symbolic.hypotheses import (
    ABSTENTION_SCORE,
    FALLBACK_SCORE,
    UNNAMED_RISK,
    Hypothesis,
    confidence,
    draw,
    probabilities,
    weigh,
)
from tests.builders import METABOLISM_DOWN

EXCRETION = replace(METABOLISM_DOWN, family=Family.PK_EXCRETION, subtype="excretion")
TURNED = replace(METABOLISM_DOWN, direction=Direction.B_TO_A)
EVEN = dict.fromkeys(Kind, 1.0)


def argument(label: object, kind: Kind, strength: float) -> Argument:
    return Argument(label, kind, strength, ())  # type: ignore[arg-type]


def test_a_score_adds_kinds_and_echoes_within_a_kind() -> None:
    found = weigh(
        [
            argument(METABOLISM_DOWN, Kind.PHARMACOKINETICS, 2.0),
            argument(METABOLISM_DOWN, Kind.PHARMACOKINETICS, 1.0),
            argument(METABOLISM_DOWN, Kind.ANALOGY, 1.5),
            argument(EXCRETION, Kind.ANALOGY, 4.0),
        ],
        {Kind.PHARMACOKINETICS: 1.0, Kind.PHARMACOLOGY: 1.0, Kind.ANALOGY: 0.5},
        thin=False,
    )
    # Metabolism: 1.0 x (2.0 + 0.3 x 1.0) + 0.5 x 1.5 = 3.05. Excretion: 0.5 x 4.0 = 2.0.
    assert [(one.label, one.score) for one in found] == [
        (METABOLISM_DOWN, pytest.approx(3.05)),
        (EXCRETION, pytest.approx(2.0)),
        (UNNAMED_RISK, FALLBACK_SCORE),
    ]
    assert [one.strength for one in found[0].arguments] == [2.0, 1.0, 1.5]  # 2.0, 1.0, then 0.5 x 1.5


def test_a_thin_pool_makes_abstention_a_hypothesis() -> None:
    assert [one.label for one in weigh([], EVEN, thin=True)] == [None, UNNAMED_RISK]
    assert [one.label for one in weigh([], EVEN, thin=False)] == [UNNAMED_RISK]
    assert weigh([], EVEN, thin=True)[0].score == ABSTENTION_SCORE


TWO = (Hypothesis(METABOLISM_DOWN, 2.0, ()), Hypothesis(EXCRETION, 1.0, ()))


def test_probabilities_are_a_softmax_at_a_temperature() -> None:
    # exp(0) and exp(-1 / 0.5) = 0.1353: shares 0.8808 and 0.1192.
    assert probabilities(TWO, 0.5) == pytest.approx([1 / (1 + math.exp(-2)), 1 - 1 / (1 + math.exp(-2))])
    assert sum(probabilities(TWO, 0.3)) == pytest.approx(1.0)


def test_draws_follow_the_probabilities() -> None:
    random = Random(7)
    counts = Counter(draw(TWO, 1.0, 1.0, random).label for _ in range(4000))
    # p = 0.731, standard error 0.007: four of them
    assert counts[METABOLISM_DOWN] / 4000 == pytest.approx(1 / (1 + math.exp(-1)), abs=0.028)


def test_top_p_keeps_the_smallest_set_that_reaches_its_mass() -> None:
    assert {draw(TWO, 1.0, 0.7, Random(seed)).label for seed in range(200)} == {METABOLISM_DOWN}
    assert len({draw(TWO, 1.0, 0.75, Random(seed)).label for seed in range(200)}) == 2


def test_confidence_is_the_familys_mass_in_twentieths() -> None:
    three = (*TWO, Hypothesis(TURNED, 1.0, ()))
    # Family metabolism: (1 + e^-1) / (1 + 2 e^-1) = 0.788, to the nearest 0.05.
    assert confidence(three, three[0]) == 0.8
    assert confidence(three, three[2]) == 0.8
    assert confidence(three, three[1]) == 0.2
