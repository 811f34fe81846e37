"""What speaks for each family: the candidates' votes and scores, the neighbours, structural models.

The columns are worth the same to every family, so that a family with few examples profits from the
others. What is not known (a structural model that was not asked, odds that a tokenizer does not give) is
the same for every family, and so tells none from another.

**Decision** no family has an intercept: how often val's drugs have it says little of other drugs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mard.infer.candidates import Candidate
from mard.infer.situation import Opinion, Situation
from mard.infer.verify import RULES, broken
from mard.infer.vote import parsed, voters
from mard.schema import Family, Pool

Floats = NDArray[np.float64]

LEAST: Final = 1e-3
"""Probabilities below are as good as this one."""

OWN: Final = ("votes", "greedy", "odds", "phi", "best", "steps", "weakest", "last", "sure", "faults")
SHOWN: Final = ("neighbours", "nearest", "likeness")


def columns(models: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns of :func:`features`."""
    return (*OWN, *SHOWN, *(f"p {model}" for model in models))


def features(situation: Situation, models: Sequence[str]) -> Floats:
    """What speaks for each family.

    Args:
        situation: The pair.
        models: Structural models whose opinions count.

    Returns:
        [7, f], families in their order; each value in [0, 1] or near it.
    """
    traces = [each for each in situation.candidates if each.trace is not None]
    faults = {id(each): len(broken(parsed(each), situation.case)) / len(RULES) for each in traces}
    rows = [
        [
            *_own(traces, family, faults),
            *_shown(situation.pool, family),
            *(log_p(situation.opinions.get(model), family) for model in models),
        ]
        for family in Family
    ]
    return np.array(rows, dtype=np.float64)


def _own(traces: Sequence[Candidate], family: Family, faults: dict[int, float]) -> list[float]:
    """The student's: shares of samples and greedy traces, odds, shares and averages of the scores."""
    drawn = voters(traces)
    greedy = [each for each in traces if each.index is None]
    own = [each for each in traces if _family(each) is family]
    votes = sum(_family(each) is family for each in drawn) / len(drawn)
    told = sum(_family(each) is family for each in greedy) / max(1, len(greedy))
    odds = fmean([each.p(family) for each in traces if each.odds] or [0.0])
    weight = sum(each.phi for each in drawn)
    phi = sum(each.phi for each in drawn if _family(each) is family) / weight if weight else 0.0
    if not own:
        return [votes, told, odds, phi, *(0.0 for _ in OWN[4:])]
    scored = [each.step_scores for each in own if each.step_scores] or [(0.0,)]
    return [
        *(votes, told, odds, phi),
        max(each.phi for each in own),
        fmean(map(fmean, scored)),
        fmean(map(min, scored)),
        fmean(each[-1] for each in scored),
        fmean(parsed(each).final_answer.confidence for each in own),
        fmean(faults[id(each)] for each in own),
    ]


def _shown(pool: Pool, family: Family) -> list[float]:
    """The neighbours': the share by similarity, whether the nearest has the family, how near it comes."""
    own = [each.similarity for each in pool.neighbours if each.label.family is family]
    total = sum(each.similarity for each in pool.neighbours)
    nearest = max(pool.neighbours, key=lambda each: each.similarity, default=None)
    return [
        sum(own) / total if total else 0.0,
        float(nearest is not None and nearest.label.family is family),
        max(own, default=0.0),
    ]


def log_p(opinion: Opinion | None, family: Family) -> float:
    """A probability on a logarithmic scale: 0 at :data:`LEAST` and below, 1 at certainty; 0 without one."""
    if opinion is None:
        return 0.0
    return 1 - math.log(max(opinion.families[family], LEAST)) / math.log(LEAST)


def _family(candidate: Candidate) -> Family:
    return parsed(candidate).final_answer.family
