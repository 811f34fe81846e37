"""A few pairs with traces, and models of a few thousand parameters that learn them in seconds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mard.config import Architecture, Dpo, Lora, Prm, Sft
from mard.evidence.render import render
from mard.label.taxonomy import load_taxonomy
from mard.lm.checkpoint import build_model
from mard.lm.tokenizer import trace_pieces, train_tokenizer
from mard.mirror import mirror
from mard.schema import Direction, DrugEvidence, Family, Pool, Trace
from mard.sft.dataset import SftExample, training_texts
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer

SMALL = Architecture(
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=1,
    vocab_size=1024,
)
LORA = Lora(r=4, alpha=8, dropout=0.0)
NAMES = ("Aspirin", "Warfarin", "Digoxin", "Codeine", "Ketoconazole", "Rifampicin", "Timolol", "Zinc")
ANSWERS = (
    (Family.PK_METABOLISM, "metabolism", Direction.A_TO_B),
    (Family.PK_METABOLISM, "metabolism", Direction.B_TO_A),
    (Family.ADVERSE_RISK, "bleeding", Direction.BIDIRECTIONAL),
    (Family.PK_DISTRIBUTION, "serum_concentration", Direction.A_TO_B),
)


@cache
def examples(count: int = 8) -> tuple[SftExample, ...]:
    """Pairs that differ in their names, ids and answers."""
    return tuple(_example(number) for number in range(count))


def _example(number: int) -> SftExample:
    pool, trace = voriconazole_axitinib(), metabolism_trace()
    a = _named(pool.a, 2 * number + 1)
    b = _named(pool.b, 2 * number + 2)
    family, subtype, direction = ANSWERS[number % len(ANSWERS)]
    trace = with_answer(trace, family=family, subtype=subtype, direction=direction)
    summary = f"{a.name} and {b.name}: {subtype}, {direction}."
    return SftExample(replace(pool, a=a, b=b), replace(trace, summary=summary), audit_weight=1.0)


def _named(drug: DrugEvidence, number: int) -> DrugEvidence:
    return replace(drug, drug_id=f"DB{number:05d}", name=f"{NAMES[number % len(NAMES)]}{number}")


@cache
def tokenizer() -> PreTrainedTokenizerBase:
    """Trained on the examples."""
    corpus = training_texts(examples(), identity_dropout=0.5, seed=0)
    return train_tokenizer(corpus, SMALL.vocab_size, trace_pieces(load_taxonomy().names))


def model(seed: int = 0) -> PreTrainedModel:
    """Random weights."""
    return build_model(SMALL, tokenizer(), max_length=512, seed=seed)


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Whether two models have the same parameters, bit for bit."""
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def prompts() -> list[tuple[str, Trace]]:
    """The reward model's inputs."""
    return [(render(each.pool, detail="brief"), each.trace) for each in examples()]


def flipped(example: SftExample) -> tuple[Pool, Trace]:
    """The mirror twin."""
    return mirror(example.pool), mirror(example.trace)


def sft_params(**changes: object) -> Sft:
    """Parameters for a run of 8 updates."""
    values: dict[str, object] = {
        "kl_weight": 0.1,
        "kl_scope": "tag",
        "subtype_kl_weight": 0.0,
        "identity_dropout": 0.0,
        "learning_rate": 1e-2,
        "epochs": 2.0,
        "batch_pairs": 2,
        "accumulation": 1,
        "trace_share": 1.0,
        "gold_answers": False,
        "answer_share": None,
        "warmup_share": 0.1,
        "save_steps": 5,
        "seed": 3,
    }
    return Sft(**{**values, **changes})


def dpo_params(**changes: object) -> Dpo:
    """Parameters for a run of 4 updates."""
    values: dict[str, object] = {
        "beta": 0.1,
        "weighted": True,
        "backend": "exact",
        "prm_weight_fallback": "error",
        "hard_negatives": ["adverse_risk", "family_axis", "subtype", "direction"],
        "symmetry_pairs": True,
        "max_pairs": 16,
        "learning_rate": 1e-2,
        "epochs": 1.0,
        "batch_size": 4,
        "accumulation": 1,
        "save_steps": 2,
        "seed": 4,
    }
    return Dpo(**{**values, **changes})


def prm_params(**changes: object) -> Prm:
    """Parameters for a run of 8 updates."""
    values: dict[str, object] = {
        "architecture": None,
        "lora": LORA,
        "learning_rate": 1e-2,
        "epochs": 4.0,
        "batch_size": 4,
        "max_traces": 100,
        "holdout_share": 0.25,
        "aggregate": "min_plus",
        "epsilon": 0.1,
        "corrupted_share": 0.0,
        "save_steps": 5,
        "seed": 5,
    }
    return Prm(**{**values, **changes})
