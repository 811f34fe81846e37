"""A learned verifier: which of the families that the student proposes is right.

A discrete-choice model: the probability of a family is the softmax, over all seven, of a weighted sum of
what speaks for it (:mod:`mard.infer.features`). It is fitted by maximum likelihood with a Gaussian prior,
a convex problem with one solution, so a few dozen weights come out of a few hundred val pairs and are
plain JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from mard.infer.features import Floats, columns, features
from mard.infer.situation import Known, Situation
from mard.infer.vote import Decision, elect_label, parsed
from mard.schema import Family

PRIOR: Final = 1.0
"""Precision of the prior: a weight of 1, on values from 0 to 1, costs half a unit of log-likelihood."""

STEPS: Final = 50
_DONE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Verifier:
    """Fitted weights.

    Attributes:
        models: Structural models whose opinions count.
        weights: By column of :func:`mard.infer.features.columns`; none: every family is as likely.
    """

    models: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    def probabilities(self, situation: Situation) -> dict[Family, float]:
        """Probability of each family."""
        shown = features(situation, self.models)
        weights = np.array(self.weights) if self.weights else np.zeros(shown.shape[1])
        return dict(zip(Family, softmax(shown @ weights).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: weights by name."""
        return {
            "models": list(self.models),
            "weights": dict(zip(columns(self.models), self.weights, strict=False)),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read back what :meth:`to_json` gave, in whatever order a file has the weights."""
        models, weights = tuple(data["models"]), data["weights"]
        return cls(models, tuple(weights[name] for name in columns(models)) if weights else ())


def learned_verifier(situation: Situation, verifier: Verifier) -> Decision:
    """The likeliest family that a candidate has, its strongest label, and the best trace for that.

    The confidence is the family's probability among all seven; the margin, that over the next one.

    Raises:
        ValueError: No candidate is a trace.
    """
    likely = verifier.probabilities(situation)
    traces = [each for each in situation.candidates if each.trace is not None]
    if not traces:
        raise ValueError("none of the candidates is a trace")
    family = max((parsed(each).final_answer.family for each in traces), key=likely.__getitem__)
    best = elect_label(traces, family)
    rival = max(p for other, p in likely.items() if other is not family)
    answer = replace(parsed(best).final_answer, confidence=likely[family])
    return Decision(answer, best, max(0.0, likely[family] - rival))


def fit_verifier(cases: Sequence[Known]) -> Verifier:
    """Weights from val pairs. A structural model counts where it has an opinion on every one of them."""
    if not cases:
        return Verifier()
    asked = [frozenset(case.situation.opinions) for case in cases]
    models = tuple(sorted(frozenset.intersection(*asked)))
    shown = np.stack([features(case.situation, models) for case in cases])
    right = np.array([list(Family).index(case.gold.family) for case in cases])
    return Verifier(models, tuple(round(float(weight), 6) for weight in fit_choice(shown, right, PRIOR)))


def fit_choice(shown: Floats, right: np.ndarray[Any, np.dtype[np.int64]], prior: float) -> Floats:
    """Weights [f] that maximise the log-likelihood of the right choices, less prior / 2 times their square.

    By Newton's method; the step is halved where it would overshoot.

    Args:
        shown: [n, k, f], what speaks for each of k choices in n cases.
        right: [n], the right choice of each case.
        prior: Precision of the Gaussian prior.
    """
    weights: Floats = np.zeros(shown.shape[2])
    chosen = shown[np.arange(len(right)), right].sum(axis=0)

    def loss(at: Floats) -> float:
        scores = shown @ at
        highest = scores.max(axis=1)
        total = np.log(np.exp(scores - highest[:, None]).sum(axis=1)) + highest
        return float(total.sum() - chosen @ at + prior / 2 * at @ at)

    for _ in range(STEPS):
        p = softmax(shown @ weights)
        mean = np.einsum("nk,nkf->nf", p, shown)
        gradient = mean.sum(axis=0) - chosen + prior * weights
        spread = np.einsum("nk,nkf,nkg->fg", p, shown, shown) - mean.T @ mean
        step = np.linalg.solve(spread + prior * np.eye(len(weights)), gradient)
        size = 1.0
        while loss(weights - size * step) > loss(weights) and size > _DONE:
            size /= 2
        weights = weights - size * step
        if np.abs(step).max() < _DONE:
            break
    return weights


def softmax(scores: Floats) -> Floats:
    """Over the last axis."""
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normalised: Floats = p / p.sum(axis=-1, keepdims=True)
    return normalised
