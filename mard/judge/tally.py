"""What the judges found, in numbers: gate pass rates, tiers and family accuracy per teacher."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from mard.judge.qc import GATES, Tier, Verdict
from mard.schema import Label, Trace


class Tally:
    """Counts verdicts as they are given."""

    def __init__(self) -> None:
        self._judged: Counter[str] = Counter()
        self._invalid: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._failed: dict[str, Counter[str]] = defaultdict(Counter)
        self._tiers: dict[str, Counter[Tier]] = defaultdict(Counter)

    def add_invalid(self, teacher: str) -> None:
        """A candidate without a trace: it counts against G1 alone, since no other gate could hear it."""
        self._invalid[teacher] += 1

    def add(self, teacher: str, trace: Trace, gold: Label, verdict: Verdict) -> None:
        """A judged candidate."""
        answer = trace.final_answer
        self._judged[teacher] += 1
        self._answered[teacher] += not answer.abstain
        self._right[teacher] += not answer.abstain and answer.family is gold.family
        self._failed[teacher].update(verdict.failed)
        self._tiers[teacher][verdict.tier] += 1

    def merge(self, other: Tally) -> None:
        """Add another's counts."""
        for own, more in (
            (self._judged, other._judged),
            (self._invalid, other._invalid),
            (self._right, other._right),
            (self._answered, other._answered),
        ):
            own.update(more)
        for teacher, failed in other._failed.items():
            self._failed[teacher].update(failed)
        for teacher, tiers in other._tiers.items():
            self._tiers[teacher].update(tiers)

    def to_dict(self) -> dict[str, Any]:
        """One entry a teacher. Rates are shares of all its candidates; accuracy is over its answers."""
        return {teacher: self._teacher(teacher) for teacher in sorted({*self._judged, *self._invalid})}

    def _teacher(self, name: str) -> dict[str, Any]:
        total = self._judged[name] + self._invalid[name]
        failed = self._failed[name] + Counter({"G1": self._invalid[name]})
        answered = self._answered[name]
        return {
            "candidates": total,
            "invalid": self._invalid[name],
            "gate_pass_rate": {gate: round(1 - failed[gate] / total, 4) for gate in GATES},
            "tiers": {str(tier): self._tiers[name][tier] for tier in Tier},
            "answered": answered,
            "family_accuracy": round(self._right[name] / answered, 4) if answered else None,
        }
