"""Where in a trace the answer is said, and which tokens say the direction.

Eq. 5 compares the distributions over the four direction tags at one position. That needs each tag
to be told apart by one token there, whatever stands before it: resolved here, refused where it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from transformers import PreTrainedTokenizerBase

from mard.errors import TokenizerError
from mard.lm.tokenizer import token_ids
from mard.schema import Direction

DIRECTIONS: Final = (Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL, Direction.NONE)
MIRRORED_TAGS: Final = (1, 0, 2, 3)
"""The involution on tags as a permutation: position i holds the index of the mirror of tag i."""

_BEFORE_ANSWER: Final = '"final_answer":{'
_BEFORE_FAMILY: Final = '"family":"'
_BEFORE_DIRECTION: Final = '"direction":"'
_BEFORE_SUBTYPE: Final = '"subtype":"'
_CONTEXTS: Final = (
    f'.",{_BEFORE_ANSWER}"family":"PK_Metabolism",{_BEFORE_SUBTYPE}metabolism",{_BEFORE_DIRECTION}',
    f'.",{_BEFORE_ANSWER}"family":"AdverseRisk",{_BEFORE_SUBTYPE}bleeding",{_BEFORE_DIRECTION}',
    f'{{{_BEFORE_ANSWER}"family":"Efficacy",{_BEFORE_SUBTYPE}efficacy",{_BEFORE_DIRECTION}',
)


@dataclass(frozen=True, slots=True)
class AnswerPositions:
    """Token indices within a tokenised completion.

    Attributes:
        final_answer: First token of the final answer's object.
        family: Token that holds the first character of the family.
        subtype: Likewise of the subtype.
        direction: Likewise of the direction tag.
        end: One past the answer's last token; past the text's, where it stops within the answer.
    """

    final_answer: int
    family: int
    subtype: int
    direction: int
    end: int


def direction_tag_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int, int, int]:
    """Ids of the tokens that tell a_to_b, b_to_a, bidirectional and n/a apart, in this order.

    Raises:
        TokenizerError: Two tags begin with the same token, or the tokens depend on what precedes.
    """
    found = {_ids_in_context(tokenizer, context) for context in _CONTEXTS}
    if len(found) > 1:
        raise TokenizerError(f"the direction tags' tokens depend on the words before them: {sorted(found)}")
    ids = found.pop()
    for (one, id_one), (other, id_other) in combinations(zip(DIRECTIONS, ids, strict=True), 2):
        if id_one == id_other:
            raise TokenizerError(
                f"direction tags {one!s} and {other!s} collide: both begin with token {id_one} "
                f"({tokenizer.convert_ids_to_tokens(id_one)!r}); choose another tokenizer"
            )
    return ids


def _ids_in_context(tokenizer: PreTrainedTokenizerBase, context: str) -> tuple[int, int, int, int]:
    tails = []
    for tag in DIRECTIONS:
        text = f'{context}{tag}","polarity":"up","confidence":0.9,"abstain":false}}}}'
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        index = _token_at(encoded["offset_mapping"], len(context))
        tails.append(encoded["input_ids"][index])
    a, b, both, none = tails
    return a, b, both, none


def answer_positions(completion: str, offsets: Sequence[tuple[int, int]]) -> AnswerPositions:
    """Find the answer in a tokenised completion (:meth:`mard.lm.form.Form.completion`).

    Args:
        completion: The text.
        offsets: Character span of each token, as a fast tokenizer returns them.
    """
    answer = completion.rindex(_BEFORE_ANSWER) + len(_BEFORE_ANSWER) - 1
    family = completion.index(_BEFORE_FAMILY, answer) + len(_BEFORE_FAMILY)
    subtype = completion.index(_BEFORE_SUBTYPE, family) + len(_BEFORE_SUBTYPE)
    direction = completion.index(_BEFORE_DIRECTION, subtype) + len(_BEFORE_DIRECTION)
    closing = completion.find("}", direction)
    return AnswerPositions(
        final_answer=_token_at(offsets, answer),
        family=_token_at(offsets, family),
        subtype=_token_at(offsets, subtype),
        direction=_token_at(offsets, direction),
        end=len(offsets) if closing < 0 else _token_at(offsets, closing) + 1,
    )


def _token_at(offsets: Sequence[tuple[int, int]], place: int) -> int:
    for index, (start, end) in enumerate(offsets):
        if start <= place < end:
            return index
    raise TokenizerError(f"no token covers character {place}")


def single_token(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    """The one token that is ``text``.

    Raises:
        TokenizerError: The tokenizer splits it.
    """
    ids = token_ids(tokenizer, text)
    if len(ids) != 1:
        raise TokenizerError(f"{text!r} is {len(ids)} tokens in this tokenizer, one is needed")
    return ids[0]
