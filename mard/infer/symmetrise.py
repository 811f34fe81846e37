"""One answer from both orderings: the flipped question gets the mirrored answer, by construction."""

from __future__ import annotations

from collections.abc import Sequence

from mard.infer.candidates import Candidate
from mard.infer.vote import Decision, parsed, prm_argmax
from mard.schema import Family


def symmetrise(candidates: Sequence[Candidate]) -> Decision:
    """The greedy trace of the ordering that is surer, by both orderings' odds, then by Phi.

    Nothing here depends on which ordering was asked first: a flip swaps the two traces and mirrors both.
    Where the family is the same in both, so is the decision's but for direction and subtype, which Phi
    decides. The margin is the odds' where there are any, else 1 where the families agree and 0 elsewhere.

    Where neither ordering gave a trace, it is the best other one.

    Raises:
        ValueError: No candidate is a trace.
    """
    told = [each for each in candidates if each.index is None and each.trace is not None]
    if not told:
        return prm_argmax(candidates)
    best = min(told, key=lambda each: (-_mean_odds(told, _family(each)), -each.phi, str(_label(each))))
    return Decision(parsed(best).final_answer, best, _margin(told, _family(best)))


def _margin(told: Sequence[Candidate], family: Family) -> float:
    if all(each.odds for each in told):
        rival = max(_mean_odds(told, other) for other in Family if other is not family)
        return max(0.0, _mean_odds(told, family) - rival)
    return float(all(_family(each) is family for each in told))


def _mean_odds(told: Sequence[Candidate], family: Family) -> float:
    return sum(each.p(family) for each in told) / len(told)


def _family(candidate: Candidate) -> Family:
    return parsed(candidate).final_answer.family


def _label(candidate: Candidate) -> object:
    return parsed(candidate).final_answer.label
