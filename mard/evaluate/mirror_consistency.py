"""Do the two orderings of a pair get answers that are mirror images?"""

from __future__ import annotations

from mard.evaluate.answers import Labels
from mard.evaluate.statistic import Mask, Statistic, mean


def mirror_statistics(ab: Labels, ba: Labels) -> dict[str, Statistic]:
    """MFS (families agree) and MPS (families agree and directions are mirror images).

    Args:
        ab: Answers to (A, B).
        ba: Answers to (B, A) for the same pairs, mapped back to (A, B), so that directions which are
            mirror images are equal here. An answer that could not be parsed agrees with nothing.
    """
    agree = (ab.family == ba.family) & (ab.family != "")
    return {"mfs": mean(agree), "mps": mean(agree & (ab.direction == ba.direction))}


def joint_events(gold: Labels, ab: Labels, ba: Labels) -> dict[str, dict[str, int]]:
    """How often both, one or neither ordering is right, for the family and for the full triple."""
    return {
        "family": _events(gold.family == ab.family, gold.family == ba.family),
        "triple": _events(_triple(gold, ab), _triple(gold, ba)),
    }


def _triple(gold: Labels, answer: Labels) -> Mask:
    right: Mask = (gold.path == answer.path) & (gold.direction == answer.direction)
    return right


def _events(ab: Mask, ba: Mask) -> dict[str, int]:
    return {
        "both_right": int((ab & ba).sum()),
        "ab_only": int((ab & ~ba).sum()),
        "ba_only": int((~ab & ba).sum()),
        "both_wrong": int((~ab & ~ba).sum()),
    }
