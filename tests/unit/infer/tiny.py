"""A decoder around an untrained student, and candidates with chosen answers."""

from __future__ import annotations

from dataclasses import replace

from mard.infer.candidates import Candidate
from mard.infer.decode import Decoder
from mard.infer.grammar import Limits
from mard.infer.situation import Opinion
from mard.schema import Direction, Family, Label, Polarity, Trace
from tests import students
from tests.builders import metabolism_trace, with_answer


def decoder(batch_size: int = 8, max_new_tokens: int = 40, seed: int = 1) -> Decoder:
    return Decoder(
        model=students.model(),
        tokenizer=students.tokenizer(),
        limits=Limits(claim_words=4, summary_words=6),
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        max_length=2048,
        top_p=0.95,
        seed=seed,
    )


DOWN = Label(Family.PK_METABOLISM, "metabolism", Direction.A_TO_B, Polarity.DOWN)
SERUM = Label(Family.PK_DISTRIBUTION, "serum_concentration", Direction.A_TO_B, Polarity.UP)
BLEEDING = Label(Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL, Polarity.UP)


def answering(label: Label, confidence: float = 0.9, trace: Trace | None = None) -> Trace:
    """A trace with another final answer; its steps still argue for PK_Metabolism."""
    return with_answer(
        trace or metabolism_trace(),
        family=label.family,
        subtype=label.subtype,
        direction=label.direction,
        polarity=label.polarity,
        confidence=confidence,
        abstain=label.direction is Direction.NONE,
    )


def sample(index: int | None, label: Label, phi: float = 1.0, confidence: float = 0.9) -> Candidate:
    return Candidate("ab", index, answering(label, confidence), (phi, phi), phi)


def greedy_pair(label: Label = DOWN) -> list[Candidate]:
    return [sample(None, label), replace(sample(None, label), ordering="ba")]


def opinion(label: Label, probability: float) -> Opinion:
    """A structural model's: the rest of the probability is shared equally."""
    rest = (1 - probability) / (len(Family) - 1)
    families = {family: probability if family is label.family else rest for family in Family}
    return Opinion(label, families, probability - rest)
