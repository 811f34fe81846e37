"""Worked traces: a student's argument beside the gold label, every citation linked to what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mard.schema import DrugEvidence, Label, Pool, Trace

KINDS: Final = {
    "targets": "target",
    "enzymes": "enzyme",
    "transporters": "transporter",
    "carriers": "carrier",
}
ROLES: Final = {"sub": "is a substrate of", "inh": "inhibits", "ind": "induces"}
CHANNELS: Final = {
    "pathway_jaccard": "share of pathways in common",
    "protein_jaccard": "share of proteins in common",
    "atc_depth": "ATC levels in common, of 5",
    "smiles_tanimoto": "structural similarity (Tanimoto)",
}
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


def choose(traces: Iterable[WorkedTrace], count: int) -> list[WorkedTrace]:
    """``count`` traces that show as much as they can: every protocol, verdict and family in turn.

    Deterministic: each pick is the first trace, in the order given, whose protocol, verdict and
    family have been shown least.
    """
    left = list(traces)
    chosen: list[WorkedTrace] = []
    while left and len(chosen) < count:
        best = min(left, key=lambda trace: _times_shown(trace, chosen))
        chosen.append(best)
        left.remove(best)
    return chosen


def _times_shown(trace: WorkedTrace, chosen: Sequence[WorkedTrace]) -> tuple[int, int, int]:
    return (
        sum(other.protocol == trace.protocol for other in chosen),
        sum((other.verdict, other.abstain) == (trace.verdict, trace.abstain) for other in chosen),
        sum(other.gold.family == trace.gold.family for other in chosen),
    )


def anchor(number: int, citation: str) -> str:
    """The HTML id of a citation's entry in the evidence list of trace ``number``."""
    return f"trace{number}-" + re.sub(r"[^A-Za-z0-9_]", lambda found: f"-{ord(found[0]):x}-", citation)


def explain(citation: str, pool: Pool, names: Names) -> str:
    """What a citation id stands for, in words; :data:`NOT_IN_POOL` for one that is not grounded."""
    if citation not in pool.citations:
        return NOT_IN_POOL
    side, _, key = citation.partition(":")
    if side == "pair":
        return f"{CHANNELS[key]}: {getattr(pool.pair, key):.3g}"
    if side == "nbr":
        return _neighbour(citation, pool, names)
    drug = pool.a if side == "A" else pool.b
    return f"{drug.name} {_fact(key, drug, names)}"


def _fact(key: str, drug: DrugEvidence, names: Names) -> str:
    if key in drug.pk_flags:
        protein, _, role = key.rpartition("_")
        return f"{ROLES[role]} {protein.upper()}"
    if key.startswith("ATC:"):
        return f"has the ATC code {key.removeprefix('ATC:')}"
    if key == "moa":
        return f"acts as follows: {drug.moa}"
    if key == "half_life":
        hours = "" if drug.half_life_hours is None else f" ({drug.half_life_hours:g} h)"
        return f"has the half-life {drug.half_life_text}{hours}".rstrip()
    if key in drug.pathways:
        return f"takes part in the pathway {key}"
    kinds = [word for field, word in KINDS.items() if key in getattr(drug, field)]
    gene = names.genes.get(key, "")
    return f"has the {' and '.join(kinds)} {f'{gene} ({key})' if gene else key}"


def _neighbour(citation: str, pool: Pool, names: Names) -> str:
    found = next(neighbour for neighbour in pool.neighbours if neighbour.citation == citation)
    pair = f"{names.drug(found.first)} (as A) with {names.drug(found.second)} (as B)"
    label = ", ".join((found.label.family, found.label.subtype, found.label.direction, found.label.polarity))
    return f"known pair {pair}, similarity {found.similarity:.2f}: {label}"
