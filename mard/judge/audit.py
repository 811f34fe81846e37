"""The audit of consensus winners: a quality in [0, 1] with named flags that rescales the sample weight.

quality = product over raised flags of (1 - penalty); weight = tier weight x quality.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from mard.judge import lexicon
from mard.judge.consensus import Contender
from mard.schema import Pool, Step, StepRole

DOUBT: Final = 0.5
"""A step that the PRM gives less is doubted, and so is a family with a smaller vote share."""
OVERCONFIDENCE: Final = 0.4
"""How far a stated confidence may lie above the vote share."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome: quality in [0, 1] and the raised flags, in the order of :data:`FLAGS`."""

    quality: float
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that may be wrong with a winner: what it costs, and how to see it."""

    penalty: float
    raised: Callable[[Contender, Pool], bool]


def audit(winner: Contender, pool: Pool) -> Audit:
    """Look a scored winner over once more, on the pool that it argues from."""
    flags = tuple(name for name, flag in FLAGS.items() if flag.raised(winner, pool))
    return Audit(round(math.prod(1 - FLAGS[name].penalty for name in flags), 6), flags)


def summarize_audits(audits: Iterable[Audit], min_quality: float) -> dict[str, Any]:
    """How often each flag was raised, how quality is spread over tenths, and how many fall short."""
    flags: Counter[str] = Counter()
    tenths: Counter[int] = Counter()
    dropped = 0
    for one in audits:
        flags.update(one.flags)
        tenths[min(int(one.quality * 10), 9)] += 1
        dropped += one.quality < min_quality
    return {
        "audited": tenths.total(),
        "dropped": dropped,
        "flags": {name: {"penalty": FLAGS[name].penalty, "raised": flags[name]} for name in FLAGS},
        "quality_tenths": [tenths[tenth] for tenth in range(10)],
    }


# --- the flags ------------------------------------------------------------------------------------


def split_vote(winner: Contender, _pool: Pool) -> bool:
    """Less than half of the teachers' votes are for the winner's family."""
    return winner.vote_share < DOUBT


def weak_step(winner: Contender, _pool: Pool) -> bool:
    """The PRM doubts some step."""
    return min(winner.step_scores[:-1]) < DOUBT


def doubted_answer(winner: Contender, _pool: Pool) -> bool:
    """The PRM doubts the final answer."""
    return winner.step_scores[-1] < DOUBT


def overconfident(winner: Contender, _pool: Pool) -> bool:
    """The stated confidence is far above the share of votes."""
    return winner.trace.final_answer.confidence > winner.vote_share + OVERCONFIDENCE


def thin_citations(winner: Contender, _pool: Pool) -> bool:
    """Fewer than two different citations carry the whole trace."""
    return len(_citations(winner)) < 2


def analogy_only(winner: Contender, _pool: Pool) -> bool:
    """Nothing but labelled neighbours is cited."""
    citations = _citations(winner)
    return bool(citations) and all(citation.startswith("nbr:") for citation in citations)


def repeated_claim(winner: Contender, _pool: Pool) -> bool:
    """Two steps make the same claim."""
    claims = [step.claim.lower() for step in winner.trace.steps]
    return len(set(claims)) < len(claims)


def unargued_family(winner: Contender, _pool: Pool) -> bool:
    """No step with a citation argues for the final family."""
    answer = winner.trace.final_answer
    return not answer.abstain and not any(
        step.citations and answer.family in lexicon.argued(step).families for step in winner.trace.steps
    )


def unargued_direction(winner: Contender, _pool: Pool) -> bool:
    """No step before the conclusion asserts the final direction."""
    answer = winner.trace.final_answer
    return not answer.abstain and not any(
        answer.direction in lexicon.argued(step).directions for step in winner.trace.steps[:-1]
    )


def misread_neighbour(winner: Contender, pool: Pool) -> bool:
    """A step tells of a neighbour's family or direction what no neighbour that it cites shows."""
    return any(_misreads(step, pool) for step in winner.trace.steps if step.role is StepRole.NEIGHBOR_PAIR)


FLAGS: Final[Mapping[str, Flag]] = MappingProxyType(
    {
        "misread_neighbour": Flag(0.4, misread_neighbour),
        "unargued_family": Flag(0.3, unargued_family),
        "unargued_direction": Flag(0.2, unargued_direction),
        "thin_citations": Flag(0.2, thin_citations),
        "analogy_only": Flag(0.1, analogy_only),
        "repeated_claim": Flag(0.2, repeated_claim),
        "weak_step": Flag(0.2, weak_step),
        "doubted_answer": Flag(0.2, doubted_answer),
        "split_vote": Flag(0.1, split_vote),
        "overconfident": Flag(0.1, overconfident),
    }
)


def _citations(winner: Contender) -> set[str]:
    return {citation for step in winner.trace.steps for citation in step.citations}


def _misreads(step: Step, pool: Pool) -> bool:
    cited = [neighbour.label for neighbour in pool.neighbours if neighbour.citation in step.citations]
    told = lexicon.read(step.claim)
    families = {label.family for label in cited}
    directions = {label.direction for label in cited}
    return not (told.families <= families and told.directions <= directions)
