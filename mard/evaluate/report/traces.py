"""Worked traces: a student's argument beside the gold label, every citation linked to what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mard.evidence.meaning import meanings, uniprot
from mard.evidence.render import with_names
from mard.schema import Label, Pool, Trace

NOT_IN_POOL: Final = "not in the evidence pool"


@dataclass(frozen=True)
class WorkedTrace:
    """One test pair as the report shows it.

    Attributes:
        protocol: Under which it was asked.
        pool: What could be cited, drugs in canonical order.
        trace: The trace that the final layer chose.
        step_scores: The PRM's score of each step and of the final answer; empty where there is none.
        answer: The final layer's label; rescue may have changed the trace's own.
        abstain: Whether the final layer abstains.
        confidence: The final layer's confidence.
        gold: The true label.
    """

    protocol: str
    pool: Pool
    trace: Trace
    step_scores: tuple[float, ...]
    answer: Label
    abstain: bool
    confidence: float
    gold: Label

    @property
    def verdict(self) -> str:
        """``right`` for the full triple, ``partly`` for the family alone, else ``wrong``."""
        if self.answer.family != self.gold.family:
            return "wrong"
        rest = (self.answer.subtype, self.answer.direction) == (self.gold.subtype, self.gold.direction)
        return "right" if rest else "partly"

    @property
    def answer_score(self) -> float | None:
        """The PRM's score of the trace's final answer, where it has scored the trace."""
        return self.step_scores[-1] if len(self.step_scores) > len(self.trace.steps) else None

    @property
    def summary(self) -> str:
        """The summary, with the drugs' names."""
        return with_names(self.trace.summary, self.pool.a, self.pool.b)

    @property
    def cited(self) -> list[str]:
        """Every citation of the trace once, in order of appearance."""
        return list(dict.fromkeys(citation for step in self.trace.steps for citation in step.citations))


@dataclass(frozen=True)
class Names:
    """What ids are called: drugs by DrugBank id, proteins' genes by UniProt accession."""

    drugs: Mapping[str, str]
    genes: Mapping[str, str]

    def drug(self, drug_id: str) -> str:
        """A drug's name, or its id where it has none."""
        return self.drugs.get(drug_id, drug_id)

    def protein(self, accession: str) -> str:
        """A protein's gene and accession, or the accession alone."""
        gene = self.genes.get(accession)
        return f"{gene} ({uniprot(accession)})" if gene else uniprot(accession)


def choose(traces: Iterable[WorkedTrace], count: int) -> list[WorkedTrace]:
    """``count`` traces that show as much as they can: every protocol, verdict and family in turn.

    Deterministic: each pick is the first trace, in the order given, whose protocol has been shown
    least, then whose verdict has, then whose verdict under this protocol, then whose family.
    """
    left = list(traces)
    chosen: list[WorkedTrace] = []
    while left and len(chosen) < count:
        best = min(left, key=lambda trace: _times_shown(trace, chosen))
        chosen.append(best)
        left.remove(best)
    return chosen


def _times_shown(trace: WorkedTrace, chosen: Sequence[WorkedTrace]) -> tuple[int, ...]:
    alike = [(other.verdict, other.abstain) == (trace.verdict, trace.abstain) for other in chosen]
    here = [other.protocol == trace.protocol for other in chosen]
    return (
        sum(here),
        sum(alike),
        sum(map(all, zip(here, alike, strict=True))),
        sum(other.gold.family == trace.gold.family for other in chosen),
    )


def anchor(number: int, citation: str) -> str:
    """The HTML id of a citation's entry in the evidence list of trace ``number``."""
    return f"trace{number}-" + re.sub(r"[^A-Za-z0-9_]", lambda found: f"-{ord(found[0]):x}-", citation)


def explain(trace: WorkedTrace, names: Names) -> list[tuple[str, str]]:
    """Each citation of a trace with what it stands for, or :data:`NOT_IN_POOL` where it is not grounded."""
    found = meanings(trace.pool, names.drug, names.protein)
    return [(citation, found.get(citation, NOT_IN_POOL)) for citation in trace.cited]
