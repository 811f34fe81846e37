"""Reasoning by analogy: what links the labelled pairs most like this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from mard.schema import Label, Neighbour, Pool, StepRole
from mard.teach.symbolic.argument import Argument, Draft, Kind

FULL_STRENGTH: Final = 3.0
"""Logits of a unanimous vote of close neighbours."""
CLOSE: Final = 0.5
"""Similarity from which the closest neighbour is fully trusted."""
SHOWN: Final = 2
"""Neighbours that a trace tells of for one label."""


def analogy_arguments(pool: Pool) -> Iterator[Argument]:
    """The neighbours' labels, each as strong as its share of the similarity-weighted vote.

    A neighbour's direction is relative to its drug that stands for A, so it transfers as it is.
    """
    supporters: dict[Label, list[Neighbour]] = defaultdict(list)
    for neighbour in pool.neighbours:
        if neighbour.similarity > 0:
            supporters[neighbour.label].append(neighbour)
    if not supporters:
        return
    total = sum(_weight(neighbour) for neighbours in supporters.values() for neighbour in neighbours)
    closest = max(pool.neighbours, key=lambda neighbour: neighbour.similarity)
    trust = min(1.0, closest.similarity / CLOSE)
    for label, neighbours in supporters.items():
        share = sum(map(_weight, neighbours)) / total
        drafts = tuple(_draft(n, closest=n is closest) for n in neighbours[:SHOWN])
        yield Argument(label, Kind.ANALOGY, FULL_STRENGTH * share * trust, drafts)


def _weight(neighbour: Neighbour) -> float:
    return neighbour.similarity**2


def _draft(neighbour: Neighbour, *, closest: bool) -> Draft:
    told = f"{neighbour.label.family}, {neighbour.label.direction}"
    which = "The closest labelled pair" if closest else "A similar labelled pair"
    phrasings = (
        f"{which} links its drugs by {told}.",
        f"{which} is labelled {told}.",
        f"{which} shows {told}.",
    )
    return Draft(StepRole.NEIGHBOR_PAIR, phrasings, (neighbour.citation,))
