"""What a teacher's answers cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOKENS_PER_PRICE: Final = 1_000_000


@dataclass
class Expense:
    """Tokens and money spent on one teacher.

    Attributes:
        price_prompt: Price of a million prompt tokens, in any currency.
        price_completion: Price of a million completion tokens, thoughts included.
        budget: No question is asked once this much is spent; None: no limit. Answers under way still
            count, so the sum can pass it by what the endpoint's concurrency holds.
        answers: Candidates so far.
        prompt_tokens: Tokens so far; likewise ``completion_tokens``.
    """

    price_prompt: float = 0.0
    price_completion: float = 0.0
    budget: float | None = None
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, prompt_tokens: int, completion_tokens: int, answers: int = 1) -> None:
        """Count some answers and their tokens."""
        self.answers += answers
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    @property
    def spent(self) -> float:
        """Money so far."""
        prompt = self.price_prompt * self.prompt_tokens
        return (prompt + self.price_completion * self.completion_tokens) / TOKENS_PER_PRICE

    @property
    def is_capped(self) -> bool:
        """Whether the budget is spent."""
        return self.budget is not None and self.spent >= self.budget
