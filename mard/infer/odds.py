"""How sure the student is where it names the family: the softmax over the seven at that token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.lm.form import Form
from mard.lm.tokenizer import token_ids
from mard.schema import Family

DIGITS: Final = 6
_BEFORE: Final = {"last": '","final_answer":{"family":"', "first": '{"final_answer":{"family":"'}
"""What is said before a family, by where the answer stands in a completion."""


@dataclass(frozen=True, slots=True)
class FamilyTokens:
    """The tokens at which families part.

    Attributes:
        before: The token after which a family is named.
        families: The token of each family, in their order.
    """

    before: int
    families: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, form: Form) -> Self | None:
        """Read them off a tokenizer; None where one token does not tell the families apart."""
        before = token_ids(tokenizer, _BEFORE[form.answer])
        names = [token_ids(tokenizer, str(family)) for family in Family]
        if len(before) != 1 or any(len(name) != 1 for name in names):
            return None
        return cls(before[0], tuple(name[0] for name in names))

    def odds(self, logits: Tensor) -> list[tuple[float, ...]]:
        """Probabilities of the seven, one tuple a row of [b, v] logits."""
        p = logits[:, list(self.families)].double().softmax(dim=-1)
        return [tuple(round(value, DIGITS) for value in row) for row in p.tolist()]
