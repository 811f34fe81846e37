"""The answer to one question, in the order in which the user named the drugs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mard.evidence.render import with_names
from mard.judge.safety import safety_flags
from mard.schema import DrugEvidence, FinalAnswer, Step, Trace


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says about a pair.

    Attributes:
        first: Evidence of the drug that the user named first: "Drug A" in the steps.
        second: Evidence of "Drug B".
        answer: Relative to (first, second).
        trace: The argument, in the same order.
        evidence: Meaning of each citation of the trace.
        model_version: Identity of the bundle that answered.
    """

    first: DrugEvidence
    second: DrugEvidence
    answer: FinalAnswer
    trace: Trace
    evidence: Mapping[str, str]
    model_version: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the argument."""
        return self.trace.steps

    @property
    def summary(self) -> str:
        """The summary, with the drugs' names."""
        return with_names(self.trace.summary, self.first, self.second)

    @property
    def safety(self) -> tuple[str, ...]:
        """Flags of the reasoning-safety pass; empty for an argument that may be shown as it is."""
        return safety_flags(self.trace)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "pair": {side: {"id": drug.drug_id, "name": drug.name} for side, drug in self._drugs()},
            **asdict(self.answer),
            "steps": [asdict(step) | {"citations": list(step.citations)} for step in self.steps],
            "summary": self.summary,
            "evidence": dict(self.evidence),
            "model_version": self.model_version,
        }

    def _drugs(self) -> tuple[tuple[str, DrugEvidence], tuple[str, DrugEvidence]]:
        return ("a", self.first), ("b", self.second)
