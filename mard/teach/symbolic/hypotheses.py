"""From arguments to weighted hypotheses, and from those to a draw at a temperature."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from mard.schema import Direction, Family, Label, Polarity, Pool
from mard.teach.symbolic.argument import Argument, Kind

ECHO: Final = 0.3
"""What each further argument of the same kind adds, relative to the strongest."""
UNNAMED_RISK: Final = Label(Family.ADVERSE_RISK, "adverse_effects", Direction.BIDIRECTIONAL, Polarity.UP)
"""What any reader of such releases falls back on: the most common entry of all."""
FALLBACK_SCORE: Final = 0.5
ABSTENTION_SCORE: Final = 1.0
THIN: Final = 3
"""A drug with fewer citable items gives a teacher a reason to abstain."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A label (None to abstain), its score in logits and the arguments for it, strongest first."""

    label: Label | None
    score: float
    arguments: tuple[Argument, ...]


def weigh(
    arguments: Iterable[Argument], priorities: Mapping[Kind, float], *, thin: bool
) -> tuple[Hypothesis, ...]:
    """Score every label that an argument speaks for, best first.

    A label's score is, summed over kinds, priority x (strongest argument + ECHO x the others).

    Args:
        arguments: All arguments that a pool gives.
        priorities: How much a teacher makes of each kind.
        thin: Whether the pool is too thin to answer from; abstention is then a hypothesis too.
    """
    support: dict[Label, list[Argument]] = defaultdict(list)
    for argument in arguments:
        support[argument.label].append(argument)
    hypotheses = []
    for label, found in support.items():
        found.sort(key=lambda argument: -priorities[argument.kind] * argument.strength)
        hypotheses.append(Hypothesis(label, _score(found, priorities), tuple(found)))
    if UNNAMED_RISK not in support:
        hypotheses.append(Hypothesis(UNNAMED_RISK, FALLBACK_SCORE, ()))
    if thin:
        hypotheses.append(Hypothesis(None, ABSTENTION_SCORE, ()))
    return tuple(sorted(hypotheses, key=lambda hypothesis: -hypothesis.score))


def _score(arguments: Sequence[Argument], priorities: Mapping[Kind, float]) -> float:
    strengths: dict[Kind, list[float]] = defaultdict(list)
    for argument in arguments:
        strengths[argument.kind].append(argument.strength)
    return sum(
        priorities[kind] * (max(found) + ECHO * (sum(found) - max(found)))
        for kind, found in strengths.items()
    )


def is_thin(pool: Pool) -> bool:
    """Whether either drug has too few citable items to argue a mechanism from."""
    return min(len(pool.a.citations), len(pool.b.citations)) < THIN


def probabilities(hypotheses: Sequence[Hypothesis], temperature: float) -> list[float]:
    """Softmax of the scores at a temperature (above 0)."""
    highest = max(hypothesis.score for hypothesis in hypotheses)
    weights = [math.exp((hypothesis.score - highest) / temperature) for hypothesis in hypotheses]
    total = sum(weights)
    return [weight / total for weight in weights]


def draw(hypotheses: Sequence[Hypothesis], temperature: float, top_p: float, random: Random) -> Hypothesis:
    """Sample from the smallest set of best hypotheses with a mass of at least ``top_p``."""
    cumulative = list(accumulate(probabilities(hypotheses, temperature)))
    kept = next((i for i, mass in enumerate(cumulative, start=1) if mass >= top_p), len(hypotheses))
    return random.choices(hypotheses[:kept], cum_weights=cumulative[:kept])[0]


def confidence(hypotheses: Sequence[Hypothesis], chosen: Hypothesis) -> float:
    """The mass at temperature 1 of the chosen hypothesis's family (or of abstaining), in steps of 0.05.

    The steps keep the number short enough for a small student to learn.
    """
    mass = probabilities(hypotheses, 1.0)
    family = _family(chosen)
    total = sum(p for p, other in zip(mass, hypotheses, strict=True) if _family(other) is family)
    return round(min(total, 1.0) * 20) / 20


def _family(hypothesis: Hypothesis) -> Family | None:
    return None if hypothesis.label is None else hypothesis.label.family
