"""Preferences as training rows: scored by the reward model, then written out as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from mard.dpo.preferences import Preference
from mard.evidence.render import render
from mard.io import sha256_text
from mard.lm.form import BRIEF, Form
from mard.lm.prompt import build_prompt
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from mard.prm.reward import TraceScore
from mard.prm.score import Prm
from mard.schema import Pool

PoolOf = Callable[[str], Pool]


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """A preference as text, in the order in which its question is asked, with its weight (Eq. 6)."""

    prompt: str
    chosen: str
    rejected: str
    weight: float


def score_losers(
    preferences: Sequence[Preference],
    prm: Prm,
    pool_of: PoolOf,
    *,
    phi: TraceScore,
    batch_size: int = 32,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Preference]:
    """Give every loser that has no Phi yet its Phi (Eq. 4), in canonical order, as the winners have.

    Args:
        pool_of: The pool of a pair id in canonical order.
        phi: Eq. 4 or what stands in its place.
    """
    unscored = [preference for preference in preferences if preference.phi_rejected is None]
    prompts = [render(pool_of(preference.pair_id), detail="brief") for preference in unscored]
    items = [(prompt, preference.rejected) for prompt, preference in zip(prompts, unscored, strict=True)]
    scores = iter(prm.score(items, batch_size=batch_size, on_progress=on_progress))
    return [
        replace(preference, phi_rejected=phi(next(scores))) if preference.phi_rejected is None else preference
        for preference in preferences
    ]


def is_flipped(preference: Preference, seed: int) -> bool:
    """Whether a preference is asked in the flipped order; half of them are, by a seeded hash."""
    return int(sha256_text(f"{seed} flip {preference.kind} {preference.pair_id}")[0], 16) % 2 == 1


def preference_rows(
    preferences: Sequence[Preference],
    tokenizer: PreTrainedTokenizerBase,
    pool_of: PoolOf,
    *,
    max_length: int,
    seed: int,
    form: Form = BRIEF,
) -> list[PreferenceRow]:
    """Write preferences out, half of them flipped, so that neither ordering falls behind.

    Rows of which either trace is longer than ``max_length`` tokens with its prompt are left out.
    """
    rows = []
    for preference in preferences:
        pool, chosen, rejected = pool_of(preference.pair_id), preference.chosen, preference.rejected
        if is_flipped(preference, seed):
            pool, chosen, rejected = mirror(pool), mirror(chosen), mirror(rejected)
        row = PreferenceRow(
            build_prompt(tokenizer, pool, form=form),
            form.completion(chosen, pool),
            form.completion(rejected, pool),
            preference.weight,
        )
        if _longest(row, tokenizer) < max_length:
            rows.append(row)
    return rows


def _longest(row: PreferenceRow, tokenizer: PreTrainedTokenizerBase) -> int:
    prompt, chosen, rejected = (
        len(token_ids(tokenizer, text)) for text in (row.prompt, row.chosen, row.rejected)
    )
    return prompt + max(chosen, rejected)
