"""The stack: layers applied in order, each a pure function from a situation and the decision so far.

``params.infer.stack`` names the layers. What they need is fitted on val alone, in halves, so that
abstention is calibrated on pairs that no other layer was fitted on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Self

from mard.infer.candidates import Candidate
from mard.infer.conformal import Calibration, Conformal, conformal, fit_conformal, score
from mard.infer.learned_verifier import Verifier, fit_verifier, learned_verifier
from mard.infer.rescue import Rescue, fit_rescue, rescue
from mard.infer.router import Router, best_model, disagreement, fit_router, router
from mard.infer.situation import Known, Situation
from mard.infer.symmetrise import symmetrise
from mard.infer.verify import RULES, flag_table, verify, worth_having
from mard.infer.vote import (
    Decision,
    greedy,
    parsed,
    prm_argmax,
    prm_vote_consensus,
    self_consistency,
)
from mard.judge.case import Case
from mard.schema import Label, Trace

NOTHING_CALIBRATED: Final = Conformal(target=0.0, families={}, pooled=0.0)

AGGREGATORS: Final[Mapping[str, Callable[[Sequence[Candidate]], Decision]]] = MappingProxyType(
    {
        "greedy": greedy,
        "symmetrise": symmetrise,
        "self_consistency": self_consistency,
        "prm_argmax": prm_argmax,
        "prm_vote_consensus": prm_vote_consensus,
    }
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the layers learnt from val; by default none of them changes a decision.

    Attributes:
        rules: The rules that the verifier counts.
        verifier: Weights of the learned verifier.
        rescue: Thresholds of trace-rescue.
        router: When a structural model is followed.
        second: The structural model whose disagreement abstains.
        conformal: Thresholds of abstention.
    """

    rules: tuple[str, ...] = tuple(RULES)
    verifier: Verifier = field(default_factory=Verifier)
    rescue: Rescue = field(default_factory=Rescue)
    router: Router = field(default_factory=Router)
    second: str = ""
    conformal: Conformal = NOTHING_CALIBRATED


Layer = Callable[[Situation, Decision, Fitted], Decision]

LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        "verify": lambda situation, standing, fitted: verify(
            situation.candidates, situation.case, standing, fitted.rules
        ),
        "learned_verifier": lambda situation, _, fitted: learned_verifier(situation, fitted.verifier),
        "rescue": lambda situation, standing, fitted: rescue(
            situation.candidates, situation.pool, standing, fitted.rescue
        ),
        "router": lambda situation, standing, fitted: router(situation, standing, fitted.router),
        "disagreement": lambda situation, standing, fitted: disagreement(situation, standing, fitted.second),
        "conformal": lambda _, standing, fitted: conformal(standing, fitted.conformal),
    }
)


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers and what they learnt.

    Attributes:
        layers: Names, in order.
        fitted: What was fitted on val.
    """

    layers: tuple[str, ...]
    fitted: Fitted = field(default_factory=Fitted)

    def apply(self, situation: Situation) -> dict[str, Decision]:
        """The decision after each layer, by its name; the last is final. Without layers: greedy.

        A first layer that needs a standing decision gets the best sample's.

        Raises:
            ValueError: No candidate is a trace, or a layer has no such name.
        """
        decisions: dict[str, Decision] = {}
        standing: Decision | None = None
        for name in self.layers or ("greedy",):
            if name in AGGREGATORS:
                standing = AGGREGATORS[name](situation.candidates)
            elif name in LAYERS:
                standing = LAYERS[name](situation, standing or prm_argmax(situation.candidates), self.fitted)
            else:
                raise ValueError(f"no layer is called {name!r}")
            decisions[name] = standing
        return decisions

    def decide(self, situation: Situation) -> Decision:
        """The final decision."""
        return list(self.apply(situation).values())[-1]

    def until(self, layer: str) -> Stack:
        """The layers before ``layer``."""
        return replace(self, layers=self.layers[: self.layers.index(layer)])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "layers": list(self.layers),
            **asdict(self.fitted),
            "verifier": self.fitted.verifier.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read back what :meth:`to_json` gave."""
        fitted = Fitted(
            rules=tuple(data["rules"]),
            verifier=Verifier.from_json(data["verifier"]),
            rescue=Rescue(**data["rescue"]),
            router=Router(**data["router"]),
            second=data["second"],
            conformal=Conformal.from_json(data["conformal"]),
        )
        return cls(tuple(data["layers"]), fitted)


def halves(cases: Sequence[Known]) -> tuple[list[Known], list[Known]]:
    """Val split in two by a hash of the pair: for fitting layers, and for calibrating abstention."""
    ranked = sorted(cases, key=lambda case: hashlib.sha256(case.pair_id.encode()).digest())
    middle = len(ranked) // 2
    return ranked[:middle], ranked[middle:]


def fit_stack(layers: Sequence[str], cases: Sequence[Known], *, target: float) -> Stack:
    """Fit what the layers need, each on the decisions of those before it.

    Args:
        layers: Names, in order.
        cases: Pairs of a protocol's val part; pairs without any trace are left out.
        target: Selective accuracy of the family that abstention aims at.
    """
    answered = [case for case in cases if any(each.trace for each in case.situation.candidates)]
    learning, calibrating = halves(answered)
    stack = Stack(tuple(layers))
    for name in stack.layers:
        if name in FITS:
            half = calibrating if name == "conformal" else learning
            standing = [stack.until(name).decide(case.situation) for case in half]
            stack = replace(stack, fitted=FITS[name](stack.fitted, half, standing, target))
    return stack


def _fit_conformal(
    fitted: Fitted, cases: Sequence[Known], standing: Sequence[Decision], target: float
) -> Fitted:
    judged = [
        Calibration(made.answer.family, score(made), made.answer.family is case.gold.family)
        for case, made in zip(cases, standing, strict=True)
    ]
    return replace(fitted, conformal=fit_conformal(judged, target))


def judged_traces(cases: Sequence[Known]) -> list[tuple[Trace, Case, Label]]:
    """The student's own traces with their evidence and gold label: what the flags are measured on."""
    return [
        (parsed(each), case.situation.case, case.gold)
        for case in cases
        for each in case.situation.candidates
        if each.trace is not None and not each.proposed
    ]


Fit = Callable[[Fitted, Sequence[Known], Sequence[Decision], float], Fitted]

FITS: Final[Mapping[str, Fit]] = MappingProxyType(
    {
        "verify": lambda fitted, cases, *_: replace(
            fitted, rules=worth_having(flag_table(judged_traces(cases)))
        ),
        "learned_verifier": lambda fitted, cases, *_: replace(fitted, verifier=fit_verifier(cases)),
        "rescue": lambda fitted, cases, standing, _: replace(fitted, rescue=fit_rescue(cases, standing)),
        "router": lambda fitted, cases, standing, _: replace(fitted, router=fit_router(cases, standing)),
        "disagreement": lambda fitted, cases, *_: replace(fitted, second=best_model(cases)),
        "conformal": _fit_conformal,
    }
)
