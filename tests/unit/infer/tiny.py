"""A student small enough for a unit test: real tokenizer, random weights."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from mard.config import Architecture
from mard.infer.candidates import Candidate
from mard.infer.decode import Decoder
from mard.infer.grammar import Limits
from mard.label.taxonomy import load_taxonomy
from mard.lm.checkpoint import build_model
from mard.lm.tokenizer import trace_pieces, train_tokenizer
from mard.schema import Direction, Family, Label, Polarity, Trace
from tests.builders import metabolism_trace, with_answer

ARCHITECTURE = Architecture(
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    vocab_size=1024,
)


@cache
def tokenizer():
    corpus = [metabolism_trace().to_json()] * 3
    return train_tokenizer(corpus, ARCHITECTURE.vocab_size, trace_pieces(load_taxonomy().names))


@cache
def model():
    return build_model(ARCHITECTURE, tokenizer(), max_length=1024, seed=0)


def decoder(batch_size: int = 8, max_new_tokens: int = 40, seed: int = 1) -> Decoder:
    return Decoder(
        model=model(),
        tokenizer=tokenizer(),
        limits=Limits(claim_words=4, summary_words=6, word_length=12),
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        max_length=1024,
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
