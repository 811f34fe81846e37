"""Preference pairs: a right trace against a worse one of the same drug pair (section 10 of the method).

Two kinds. *Symmetry*: a winner whose every word on direction is right against a candidate that
contradicts the direction somewhere. *Hard negatives*: the winner against a copy whose final answer
alone is edited, in one of four ways; everything before the answer is byte-identical.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, zip_longest
from typing import Final

from mard.io import sha256_text
from mard.judge.lexicon import argued
from mard.label.taxonomy import Taxonomy
from mard.schema import Direction, Family, FinalAnswer, Label, Trace


class Kind(StrEnum):
    """What is wrong with the losing trace."""

    SYMMETRY = "symmetry"
    ADVERSE_RISK = "adverse_risk"
    FAMILY_AXIS = "family_axis"
    SUBTYPE = "subtype"
    DIRECTION = "direction"


@dataclass(frozen=True, slots=True)
class ScoredTrace:
    """A candidate with the reward model's score Phi (Eq. 4)."""

    trace: Trace
    phi: float


@dataclass(frozen=True, slots=True)
class Preference:
    """A pair's winner and loser, both in canonical order.

    Attributes:
        phi_rejected: Phi of the loser, or None while it is not scored.
    """

    pair_id: str
    kind: Kind
    chosen: Trace
    rejected: Trace
    phi_chosen: float
    phi_rejected: float | None = None

    @property
    def weight(self) -> float:
        """w = clip(Phi(y+) - Phi(y-), 0, 1) (Eq. 6).

        Raises:
            ValueError: The loser is not scored yet.
        """
        if self.phi_rejected is None:
            raise ValueError(f"{self.pair_id}, {self.kind}: the losing trace is not scored")
        return preference_weight(self.phi_chosen, self.phi_rejected)


def preference_weight(phi_chosen: float, phi_rejected: float) -> float:
    """w = clip(Phi(y+) - Phi(y-), 0, 1) (Eq. 6)."""
    return min(1.0, max(0.0, phi_chosen - phi_rejected))


def direction_consistent(trace: Trace, gold: Label) -> bool:
    """Whether the answer and every step that commits itself say the gold direction.

    The mirror of a trace is consistent with the mirror of the label exactly when the trace is with
    the label, so this covers both orderings.
    """
    said = {trace.final_answer.direction}.union(*(argued(step).directions for step in trace.steps))
    return said == {gold.direction}


def symmetry_pair(
    pair_id: str, winner: ScoredTrace, candidates: Iterable[ScoredTrace], gold: Label
) -> Preference | None:
    """The winner against the best-scored candidate below it that contradicts the direction, if any."""
    if not direction_consistent(winner.trace, gold):
        return None
    losers = [
        candidate
        for candidate in candidates
        if candidate.phi < winner.phi and not direction_consistent(candidate.trace, gold)
    ]
    if not losers:
        return None
    loser = max(losers, key=lambda candidate: (candidate.phi, candidate.trace.to_json()))
    return Preference(pair_id, Kind.SYMMETRY, winner.trace, loser.trace, winner.phi, loser.phi)


def hard_negative(
    pair_id: str, winner: ScoredTrace, kind: Kind, gold: Label, taxonomy: Taxonomy, seed: int
) -> Preference | None:
    """The winner against a copy with one edit of its answer.

    None where the edit does not apply (a family with a single subtype has no other one), and where
    the winner's own answer is not the gold label, since an edit might then put it right.
    """
    answer = winner.trace.final_answer
    if answer.abstain or answer.label != gold:
        return None
    draw = random.Random(f"{seed} {kind} {pair_id}")
    edited = _EDITS[kind](answer, taxonomy, draw)
    if edited is None:
        return None
    return Preference(pair_id, kind, winner.trace, replace(winner.trace, final_answer=edited), winner.phi)


def _to_adverse_risk(answer: FinalAnswer, taxonomy: Taxonomy, draw: random.Random) -> FinalAnswer | None:
    """The release's commonest family, which says least: the answer of a model that has given up."""
    if answer.family is Family.ADVERSE_RISK:
        return None
    return _with_family(answer, Family.ADVERSE_RISK, taxonomy, draw)


def _across_axis(answer: FinalAnswer, taxonomy: Taxonomy, draw: random.Random) -> FinalAnswer:
    """From what the body does to a drug (PK_*) to what drugs do to the body, or back.

    The other axis is stood for by its most specific common family: PD_Activity, PK_Metabolism.
    """
    other = Family.PD_ACTIVITY if answer.family.startswith("PK_") else Family.PK_METABOLISM
    return _with_family(answer, other, taxonomy, draw)


def _with_family(answer: FinalAnswer, family: Family, taxonomy: Taxonomy, draw: random.Random) -> FinalAnswer:
    return replace(answer, family=family, subtype=draw.choice(taxonomy.subtypes(family)))


def _other_subtype(answer: FinalAnswer, taxonomy: Taxonomy, draw: random.Random) -> FinalAnswer | None:
    others = [name for name in taxonomy.subtypes(answer.family) if name != answer.subtype]
    return replace(answer, subtype=draw.choice(others)) if others else None


def _flipped(answer: FinalAnswer, _: Taxonomy, draw: random.Random) -> FinalAnswer:
    one_way = (Direction.A_TO_B, Direction.B_TO_A)
    others = [direction for direction in one_way if direction is not answer.direction]
    return replace(answer, direction=draw.choice(others))


_EDITS: Final = {
    Kind.ADVERSE_RISK: _to_adverse_risk,
    Kind.FAMILY_AXIS: _across_axis,
    Kind.SUBTYPE: _other_subtype,
    Kind.DIRECTION: _flipped,
}


def build_preferences(
    winners: Mapping[str, ScoredTrace],
    candidates: Mapping[str, Sequence[ScoredTrace]],
    gold: Mapping[str, Label],
    taxonomy: Taxonomy,
    *,
    kinds: Sequence[Kind],
    max_pairs: int,
    seed: int,
) -> list[Preference]:
    """Preferences of the wanted kinds, at most ``max_pairs``, as evenly over the kinds as they allow.

    Args:
        winners: Consensus trace of each pair.
        candidates: Other scored traces of each pair.
        gold: Label of each pair.
        kinds: Which kinds to build.
        seed: Of the edits, and of the choice where there are too many.
    """
    built: dict[Kind, list[Preference]] = {kind: [] for kind in kinds}
    for kind, found in built.items():
        for pair_id in sorted(winners, key=lambda pair_id: sha256_text(f"{seed} {kind} {pair_id}")):
            winner = winners[pair_id]
            if kind is Kind.SYMMETRY:
                preference = symmetry_pair(pair_id, winner, candidates.get(pair_id, ()), gold[pair_id])
            else:
                preference = hard_negative(pair_id, winner, kind, gold[pair_id], taxonomy, seed)
            if preference is not None:
                found.append(preference)
    in_turn = chain.from_iterable(zip_longest(*built.values()))
    return [preference for preference in in_turn if preference is not None][:max_pairs]
