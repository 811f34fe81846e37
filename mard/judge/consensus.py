"""Consensus over all teachers' candidates of a pair (section 7 of the method).

score = gates x PRM score x family vote share, argmax; ties by agreement on the (family, subtype,
direction) triple, then by teacher and index.

**Decision** "gates" is the weight of the tier that the gates gave, so a trace with the full label
right outweighs one with the family alone right, and a rejected trace cannot win.
**Decision** every parsed candidate votes, rejected or not, each teacher with the same total; an
abstaining candidate votes for abstention, not for its best guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from mard.judge.qc import Tier
from mard.schema import FinalAnswer, Trace

V = TypeVar("V", bound=Hashable)

_BEST_FIRST: Final = {tier: place for place, tier in enumerate(Tier)}


@dataclass(frozen=True, slots=True)
class Contender:
    """A candidate trace of a pair on its way to consensus.

    Attributes:
        teacher: Who wrote it (the first, where several wrote the same).
        index: Its place in that teacher's schedule.
        trace: The trace.
        tier: What the judges gave it.
        vote_share: Teachers' share of votes for its family, in [0, 1].
        agreement: Their share of votes for its (family, subtype, direction), in [0, 1].
        step_scores: The PRM's p_i, the final answer's last; empty before scoring.
        phi: The trace score (Eq. 4); 0 before scoring.
    """

    teacher: str
    index: int
    trace: Trace
    tier: Tier
    vote_share: float = 0.0
    agreement: float = 0.0
    step_scores: tuple[float, ...] = ()
    phi: float = 0.0


def poll(contenders: Sequence[Contender]) -> list[Contender]:
    """The same candidates with their vote shares; all candidates of the pair take part."""
    families = _shares(contenders, family_vote)
    triples = _shares(contenders, triple_vote)
    return [
        replace(one, vote_share=families[family_vote(answer)], agreement=triples[triple_vote(answer)])
        for one in contenders
        for answer in (one.trace.final_answer,)
    ]


def shortlist(contenders: Iterable[Contender], limit: int) -> list[Contender]:
    """At most ``limit`` different traces that passed the critical gates, the most promising first.

    Ordered by tier, vote share, agreement, then teacher and index, which is also how the first of
    several identical traces is found.
    """
    passing = sorted((one for one in contenders if one.tier is not Tier.REJECTED), key=_promise)
    different: dict[Trace, Contender] = {}
    for one in passing:
        different.setdefault(one.trace, one)
    return list(different.values())[:limit]


def choose(contenders: Iterable[Contender], tier_weights: Mapping[Tier, float]) -> Contender:
    """The winner among scored contenders.

    Raises:
        ValueError: There are none.
    """
    return min(
        contenders, key=lambda one: (-score(one, tier_weights), -one.agreement, one.teacher, one.index)
    )


def score(one: Contender, tier_weights: Mapping[Tier, float]) -> float:
    """gates x PRM score x family vote share."""
    return tier_weights.get(one.tier, 0.0) * one.phi * one.vote_share


def family_vote(answer: FinalAnswer) -> Hashable:
    """What an answer votes for: its family, or abstention."""
    return None if answer.abstain else answer.family


def triple_vote(answer: FinalAnswer) -> Hashable:
    """The (family, subtype, direction) that an answer stands for, or abstention."""
    return None if answer.abstain else (answer.family, answer.subtype, answer.direction)


def _shares(contenders: Sequence[Contender], vote_of: Callable[[FinalAnswer], V]) -> dict[V, float]:
    """Share of each vote, every teacher weighing the same however many candidates it has."""
    ballots: dict[str, int] = defaultdict(int)
    for one in contenders:
        ballots[one.teacher] += 1
    shares: dict[V, float] = defaultdict(float)
    for one in contenders:
        shares[vote_of(one.trace.final_answer)] += 1 / (len(ballots) * ballots[one.teacher])
    return {vote: round(share, 9) for vote, share in shares.items()}  # so that ties are ties


def _promise(one: Contender) -> tuple[int, float, float, str, int]:
    return _BEST_FIRST[one.tier], -one.vote_share, -one.agreement, one.teacher, one.index
