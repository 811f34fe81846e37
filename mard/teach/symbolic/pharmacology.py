"""Pharmacological reasoning: what the properties of the two drugs do together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mard.schema import Direction, Family, Label, Pool, StepRole
from mard.teach.symbolic.argument import ACTS, Argument, Draft, Kind, is_pharmacokinetic
from mard.teach.symbolic.knowledge import Consequence, load_knowledge

WEAKER_MARKS: Final = {StepRole.ATC: 1.0, StepRole.PROTEIN: 0.8, StepRole.MECHANISM_OF_ACTION: 0.6}
"""How much a property counts by the evidence that marks it: a class beats a target beats words."""


def pharmacology_arguments(pool: Pool) -> Iterator[Argument]:
    """Every consequence of a property of one drug meeting a property of the other, in both directions."""
    knowledge = load_knowledge()
    a, b = knowledge.properties(pool.a), knowledge.properties(pool.b)
    for x, y, acting, affected in (("A", "B", a, b), ("B", "A", b, a)):
        for own in acting:
            for other in affected:
                if own == other and x == "B":
                    mutual = (c for c in knowledge.consequences.get((own, own), ()) if not _is_mutual(c))
                    yield from (_argument(c, x, acting[own], y, affected[own]) for c in mutual)
                else:
                    found = knowledge.consequences.get((own, other), ())
                    yield from (_argument(c, x, acting[own], y, affected[other]) for c in found)


def _is_mutual(consequence: Consequence) -> bool:
    return consequence.family is Family.ADVERSE_RISK


def _argument(consequence: Consequence, x: str, own: str, y: str, other: str) -> Argument:
    direction = Direction.BIDIRECTIONAL if _is_mutual(consequence) else ACTS[x, y]
    kind = Kind.PHARMACOKINETICS if is_pharmacokinetic(consequence.family) else Kind.PHARMACOLOGY
    belief = min(WEAKER_MARKS[_role(own)], WEAKER_MARKS[_role(other)])
    return Argument(
        Label(consequence.family, consequence.subtype, direction, consequence.polarity),
        kind,
        consequence.strength * belief,
        _drafts(consequence, x, own, y, other),
    )


def _drafts(consequence: Consequence, x: str, own: str, y: str, other: str) -> tuple[Draft, ...]:
    if consequence.acting == consequence.affected and _role(own) is _role(other):
        return (_both(consequence.acting, x, own, y, other),)
    return _marked(consequence.acting, x, own), _marked(consequence.affected, y, other)


def _both(name: str, x: str, own: str, y: str, other: str) -> Draft:
    article, _, noun = load_knowledge().nouns[name].partition(" ")
    citations = tuple(sorted((f"{x}:{own}", f"{y}:{other}")))
    phrasings = (
        f"Both drugs are {noun}s.",
        f"Each drug is {article} {noun}.",
        f"Drug A and Drug B are both {noun}s.",
    )
    return Draft(_role(own), phrasings, citations)


def _marked(name: str, side: str, citation: str) -> Draft:
    noun = load_knowledge().nouns[name]
    role = _role(citation)
    source = {
        StepRole.ATC: f"ATC {citation.removeprefix('ATC:')[:5]}",
        StepRole.PROTEIN: "Its target",
        StepRole.MECHANISM_OF_ACTION: "Its mechanism",
    }[role]
    phrasings = (
        f"Drug {side} is {noun}.",
        f"Drug {side} works as {noun}.",
        f"{source} marks Drug {side} as {noun}.",
    )
    return Draft(role, phrasings, (f"{side}:{citation}",))


def _role(citation: str) -> StepRole:
    if citation.startswith("ATC:"):
        return StepRole.ATC
    return StepRole.MECHANISM_OF_ACTION if citation == "moa" else StepRole.PROTEIN
