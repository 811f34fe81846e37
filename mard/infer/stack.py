"""The stack: layers applied in order, each refining the decision of those before it.

``params.infer.stack`` names the layers. Thresholds are fitted on val alone: trace-rescue on one
half, conformal abstention on the other, so that neither sees the pairs of the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from mard.infer.candidates import Candidate
from mard.infer.conformal import Calibration, Conformal, conformal, fit_conformal, score
from mard.infer.rescue import Rescue, RescueCase, fit_rescue, rescue
from mard.infer.verify import verify
from mard.infer.vote import Decision, greedy, prm_argmax, prm_vote_consensus, self_consistency
from mard.judge.case import Case
from mard.schema import Family, Pool

NOTHING_CALIBRATED: Final = Conformal(target=0.0, families={}, pooled=0.0)

AGGREGATORS: Final[dict[str, Callable[[Sequence[Candidate]], Decision]]] = {
    "self_consistency": self_consistency,
    "prm_argmax": prm_argmax,
    "prm_vote_consensus": prm_vote_consensus,
}


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers and their thresholds.

    Attributes:
        layers: Names, in order.
        rescue: Thresholds of trace-rescue; by default it overrules nothing.
        conformal: Thresholds of abstention; by default nothing is refused.
    """

    layers: tuple[str, ...]
    rescue: Rescue = field(default_factory=Rescue)
    conformal: Conformal = NOTHING_CALIBRATED

    def apply(self, candidates: Sequence[Candidate], pool: Pool) -> dict[str, Decision]:
        """The decision after each layer, by its name; the last is final. Without layers: greedy."""
        standing = greedy(candidates)
        decisions = {}
        for name in self.layers:
            standing = self._layer(name, candidates, pool, standing)
            decisions[name] = standing
        return decisions or {"greedy": standing}

    def decide(self, candidates: Sequence[Candidate], pool: Pool) -> Decision:
        """The final decision."""
        return list(self.apply(candidates, pool).values())[-1]

    def _layer(self, name: str, candidates: Sequence[Candidate], pool: Pool, standing: Decision) -> Decision:
        if name in AGGREGATORS:
            return AGGREGATORS[name](candidates)
        if name == "verify":
            return verify(candidates, Case.of(pool), standing)
        if name == "rescue":
            return rescue(candidates, pool, standing, self.rescue)
        if name == "conformal":
            return conformal(standing, self.conformal)
        raise ValueError(f"no layer is called {name!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read back what :meth:`to_json` gave."""
        return cls(tuple(data["layers"]), Rescue(**data["rescue"]), Conformal.from_json(data["conformal"]))


@dataclass(frozen=True, slots=True)
class ValCase:
    """A val pair: its candidates, its pool in canonical order, and its gold family."""

    pair_id: str
    candidates: Sequence[Candidate]
    pool: Pool
    gold: Family


def halves(cases: Sequence[ValCase]) -> tuple[list[ValCase], list[ValCase]]:
    """Val split in two by a hash of the pair: for trace-rescue, and for calibration."""
    ranked = sorted(cases, key=lambda case: hashlib.sha256(case.pair_id.encode()).digest())
    middle = len(ranked) // 2
    return ranked[:middle], ranked[middle:]


def fit_stack(layers: Sequence[str], cases: Sequence[ValCase], *, target: float) -> Stack:
    """Fit the thresholds of a stack.

    Args:
        layers: Names, in order.
        cases: Pairs of a protocol's val part.
        target: Selective accuracy of the family that abstention aims at.
    """
    names = tuple(layers)
    for_rescue, for_calibration = halves(cases)
    fitted = Stack(names)
    if "rescue" in names:
        before = Stack(names[: names.index("rescue")])
        fitted = Stack(names, fit_rescue([_rescue_case(before, case) for case in for_rescue]))
    if "conformal" in names:
        before = Stack(names[: names.index("conformal")], fitted.rescue)
        calibration = [_calibration(before, case) for case in for_calibration]
        fitted = Stack(names, fitted.rescue, fit_conformal(calibration, target))
    return fitted


def _rescue_case(before: Stack, case: ValCase) -> RescueCase:
    return RescueCase(case.candidates, case.pool, before.decide(case.candidates, case.pool), case.gold)


def _calibration(before: Stack, case: ValCase) -> Calibration:
    decision = before.decide(case.candidates, case.pool)
    return Calibration(decision.answer.family, score(decision), decision.answer.family is case.gold)
