"""From candidates to one decision: greedy, self-consistency, PRM argmax, PRM-weighted vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mard.infer.candidates import Candidate
from mard.schema import Family, FinalAnswer, Label, Trace

Key = TypeVar("Key", bound=Hashable)
Weight = Callable[[Candidate], float]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a layer decides.

    Attributes:
        answer: The answer, in canonical order.
        candidate: The candidate whose trace argues for it.
        margin: Vote share of the answer's family less that of the next one, in [0, 1].
    """

    answer: FinalAnswer
    candidate: Candidate
    margin: float

    @property
    def trace(self) -> Trace:
        """The trace that argues for the answer."""
        return parsed(self.candidate)


def parsed(candidate: Candidate) -> Trace:
    """The candidate's trace.

    Raises:
        ValueError: Its text was no trace.
    """
    if candidate.trace is None:
        raise ValueError("the candidate has no trace")
    return candidate.trace


def voters(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The samples that are traces; the greedy ones where there is no such sample. Proposals do not vote.

    Raises:
        ValueError: No candidate is a trace.
    """
    traces = [each for each in candidates if each.trace is not None]
    own = [each for each in traces if not each.proposed]
    chosen = [each for each in own if each.index is not None] or own or traces
    if not chosen:
        raise ValueError("none of the candidates is a trace")
    return chosen


def greedy(candidates: Sequence[Candidate], ordering: str = "ab") -> Decision:
    """The greedy trace of one ordering, the best other trace where it is none; a single voice has margin 1.

    Raises:
        ValueError: No candidate is a trace.
    """
    chosen = next((each for each in candidates if each.index is None and each.ordering == ordering), None)
    if chosen is None or chosen.trace is None:
        return prm_argmax(candidates)
    return Decision(chosen.trace.final_answer, chosen, 1.0)


def self_consistency(candidates: Sequence[Candidate]) -> Decision:
    """Majority of the samples, one vote each."""
    return _elect(voters(candidates), _one)


def prm_vote_consensus(candidates: Sequence[Candidate]) -> Decision:
    """Majority of the samples, votes weighted by Phi."""
    return _elect(voters(candidates), _phi)


def prm_argmax(candidates: Sequence[Candidate]) -> Decision:
    """The sample with the highest Phi; ties go to the earlier one."""
    return endorsed(max(voters(candidates), key=_phi), candidates)


def endorsed(chosen: Candidate, candidates: Sequence[Candidate]) -> Decision:
    """A candidate's own answer, with the margin that the samples give its family."""
    answer = parsed(chosen).final_answer
    return Decision(answer, chosen, margin(candidates, answer.family))


def margin(candidates: Sequence[Candidate], family: Family) -> float:
    """Share of the samples for a family less that of the strongest other one, at least 0."""
    return _lead(_tally(voters(candidates), _family, _one), family)


def elect_label(candidates: Sequence[Candidate], family: Family) -> Candidate:
    """The best trace of a family's strongest label, votes weighted by Phi; some candidate has the family."""
    own = [each for each in candidates if each.trace is not None and _family(each) is family]
    label = _strongest(own, _label, _phi)
    return max((each for each in own if _label(each) == label), key=_phi)


def _elect(samples: Sequence[Candidate], weight: Weight) -> Decision:
    """The strongest family, then its strongest label, told by its best trace.

    Ties go to the greater sum of Phi, then to the lesser name. The confidence is the mean of what
    the family's voters state, weighted by their votes.
    """
    family = _strongest(samples, _family, weight)
    own = [each for each in samples if _family(each) is family]
    label = _strongest(own, _label, weight)
    best = max((each for each in own if _label(each) == label), key=_phi)
    answer = replace(parsed(best).final_answer, confidence=_confidence(own, weight))
    return Decision(answer, best, _lead(_tally(samples, _family, weight), family))


def _strongest(samples: Sequence[Candidate], key: Callable[[Candidate], Key], weight: Weight) -> Key:
    votes, phi = _tally(samples, key, weight), _tally(samples, key, _phi)
    return min(votes, key=lambda value: (-votes[value], -phi[value], str(value)))


def _tally(samples: Sequence[Candidate], key: Callable[[Candidate], Key], weight: Weight) -> dict[Key, float]:
    votes: dict[Key, float] = defaultdict(float)
    for each in samples:
        votes[key(each)] += weight(each)
    return votes


def _lead(votes: dict[Family, float], family: Family) -> float:
    total = sum(votes.values())
    if total == 0:
        return 0.0
    rival = max((share for other, share in votes.items() if other is not family), default=0.0)
    return max(0.0, votes.get(family, 0.0) - rival) / total


def _confidence(samples: Sequence[Candidate], weight: Weight) -> float:
    weights = [weight(each) for each in samples]
    total = sum(weights) or 1.0
    stated = [parsed(each).final_answer.confidence for each in samples]
    return sum(own * value for own, value in zip(weights, stated, strict=True)) / total


def _one(_: Candidate) -> float:
    return 1.0


def _phi(candidate: Candidate) -> float:
    return candidate.phi


def _family(candidate: Candidate) -> Family:
    return parsed(candidate).final_answer.family


def _label(candidate: Candidate) -> Label:
    return parsed(candidate).final_answer.label
