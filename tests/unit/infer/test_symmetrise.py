from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from mard.infer.candidates import Candidate
from mard.infer.symmetrise import symmetrise
from mard.schema import Direction, Family
from tests.unit.infer.tiny import BLEEDING, DOWN, SERUM, sample

FAMILIES = list(Family)
BACK = replace(DOWN, direction=Direction.B_TO_A)


def odds(**p: float) -> tuple[float, ...]:
    return tuple(p.get(family.name, 0.0) for family in FAMILIES)


def told(label, phi: float, likely: tuple[float, ...] = (), ordering: str = "ab") -> Candidate:
    return replace(sample(None, label, phi), ordering=ordering, odds=likely)


def test_the_mean_odds_of_both_orderings_decide_the_family() -> None:
    # metabolism (0.6 + 0.3) / 2 = 0.45, bleeding's family (0.4 + 0.7) / 2 = 0.55
    ab = told(DOWN, 0.9, odds(PK_METABOLISM=0.6, ADVERSE_RISK=0.4))
    ba = told(BLEEDING, 0.1, odds(PK_METABOLISM=0.3, ADVERSE_RISK=0.7), "ba")
    decision = symmetrise([ab, ba, sample(0, SERUM)])
    assert decision.answer.label == BLEEDING
    assert decision.candidate is ba
    assert decision.margin == pytest.approx(0.1)


def test_without_odds_phi_decides_and_the_margin_is_agreement() -> None:
    assert symmetrise([told(DOWN, 0.2), told(BLEEDING, 0.3, ordering="ba")]).answer.label == BLEEDING
    assert symmetrise([told(DOWN, 0.2), told(BLEEDING, 0.3, ordering="ba")]).margin == 0.0
    assert symmetrise([told(DOWN, 0.2), told(BACK, 0.3, ordering="ba")]).margin == 1.0
    assert symmetrise([told(DOWN, 0.2), told(BACK, 0.3, ordering="ba")]).answer.label == BACK


@pytest.mark.parametrize(("one", "other"), list(product((DOWN, BACK, BLEEDING, SERUM), repeat=2)))
def test_which_ordering_was_asked_first_does_not_matter(one, other) -> None:
    for phi, likely in product((0.2, 0.3), ((), odds(PK_METABOLISM=0.5, ADVERSE_RISK=0.5))):
        ab, ba = told(one, 0.2, likely), told(other, phi, likely, "ba")
        swapped = [replace(ba, ordering="ab"), replace(ab, ordering="ba")]
        assert symmetrise([ab, ba]).answer == symmetrise(swapped).answer


def test_one_trace_of_the_two_is_enough_and_none_is_not() -> None:
    broken = Candidate("ab", None, None)
    assert symmetrise([broken, told(DOWN, 0.2, ordering="ba")]).answer.label == DOWN
    assert symmetrise([broken, sample(0, DOWN)]).candidate == sample(0, DOWN)
    with pytest.raises(ValueError, match="none of the candidates"):
        symmetrise([broken])
