"""Token masks: which tokens may follow, for every row of a batch at once.

The tokens that a place in a trace allows are looked up once and kept: for good where no pool matters,
which is nearly everywhere, and with the pool where a citation stands. So a mask costs a step little more
than its use: a general parser's took 17 us a token and 4 ms a pool, a fifth of all decoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mard.errors import TokenizerError
from mard.infer.automaton import QUOTE, Citable, Node, Place, follow
from mard.infer.vocabulary import Vocabulary

Ids = NDArray[np.int64]


@dataclass
class Shown:
    """What a pool lets one cite, and the masks that depend on it; shared by all rows about the pool.

    Attributes:
        citable: The ids.
        masks: By place.
        within: By what is written of an id: the tokens that go on within it, and the ends that an id
            may still have.
    """

    citable: Citable
    masks: dict[Place, Ids] = field(default_factory=dict)
    within: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, ids: Iterable[str]) -> Shown:
        """From the ids as the student writes them (:meth:`mard.lm.form.Form.citations`)."""
        return cls(Citable.of(ids))


class Reader:
    """Follows one text through the language, token by token."""

    def __init__(self, constraint: Constraint, start: Node, shown: Shown) -> None:
        self._constraint = constraint
        self._place: Place = (start, "")
        self._shown = shown

    def allowed(self) -> Ids:
        """The tokens that may follow, in no particular order."""
        return self._constraint.allowed(self._place, self._shown)

    def consume(self, token: int) -> None:
        """Go on after an allowed token."""
        self._place = self._constraint.after(self._place, token, self._shown)

    @property
    def is_done(self) -> bool:
        """Whether the text is complete."""
        node, _ = self._place
        return not (node.edges or node.cited)


class Constraint:
    """The masks of one tokenizer, as far as they are known.

    Args:
        tokenizer: A fast tokenizer.
        vocab_size: Width of the model's logits, at least the tokenizer's size.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocab_size: int) -> None:
        self._words = Vocabulary.of(tokenizer, vocab_size)
        self._masks: dict[Place, Ids] = {}
        self._moves: dict[tuple[Place, int], Place] = {}
        self._staying: dict[bool, list[int]] = {}
        self._leaving: dict[tuple[Node, str], tuple[list[int], list[str]]] = {}

    def mask(self, logits: Tensor, readers: Sequence[Reader]) -> Tensor:
        """Logits [b, v] with -inf where row i's reader allows no such token."""
        width = logits.shape[1]
        allowed = np.concatenate([reader.allowed() + row * width for row, reader in enumerate(readers)])
        places = torch.from_numpy(allowed).to(logits.device)
        masked = torch.full_like(logits, -torch.inf)
        masked.view(-1)[places] = logits.reshape(-1)[places]
        return masked

    def allowed(self, place: Place, shown: Shown) -> Ids:
        """The tokens that may follow at a place.

        Raises:
            TokenizerError: There is none: this vocabulary cannot write what must follow.
        """
        found = self._masks.get(place)
        if found is None:
            found = shown.masks.get(place)
        return self._look_up(place, shown) if found is None else found

    def after(self, place: Place, token: int, shown: Shown) -> Place:
        """The place after an allowed token."""
        known = self._moves.get((place, token))
        if known is not None:
            return known
        following, depends = self._walk(place, self._words.texts[token], shown.citable)
        if following is None:
            raise ValueError(f"token {token} ({self._words.texts[token]!r}) is not allowed here")
        if not depends:
            self._moves[place, token] = following
        return following

    def _look_up(self, place: Place, shown: Shown) -> Ids:
        node, written = place
        if node.cited is None:
            tokens, depends = self._search(place, shown.citable)
        else:
            tokens, depends = self._in_citation(node.cited, written, shown), True
        if not tokens:
            raise TokenizerError(f"no token of the vocabulary begins with any of {sorted(node.edges)}")
        masks = shown.masks if depends else self._masks
        masks[place] = np.array(tokens, dtype=np.int64)
        return masks[place]

    def _search(self, start: Place, citable: Citable) -> tuple[list[int], bool]:
        """Tokens allowed at a place outside citations, and whether that depends on what may be cited."""
        found: list[int] = []
        depends = False
        ahead: list[tuple[Place, str]] = [(start, "")]
        while ahead:
            place, read = ahead.pop()
            node, _ = place
            if node.word is not None or node.cited is not None:
                tokens, cites = self._one_by_one(place, read, citable)
                found, depends = found + tokens, depends or cites
                continue
            for character, following in node.edges.items():
                text = read + character
                if text in self._words.beginnings:
                    found += self._words.tokens.get(text, ())
                    ahead.append(((following, ""), text))
        return found, depends

    def _one_by_one(self, place: Place, read: str, citable: Citable) -> tuple[list[int], bool]:
        """Tokens that begin with ``read`` and go on at a place where nearly any character may follow."""
        found = [] if read else list(self._in_free_text(place, citable))
        depends = False
        for text in self._words.beginning_with(read) if read else self._words.quoting:
            following, cites = self._walk(place, text[len(read) :], citable)
            depends = depends or cites
            if following is not None:
                found += self._words.tokens[text]
        return found, depends

    def _in_free_text(self, place: Place, citable: Citable) -> list[int]:
        """Tokens that stay within free text: the same in every text, but not between words and in one."""
        between = QUOTE not in place[0].edges
        if between not in self._staying:
            self._staying[between] = [
                token
                for text, tokens in self._words.tokens.items()
                if QUOTE not in text and self._walk(place, text, citable)[0] is not None
                for token in tokens
            ]
        return self._staying[between]

    def _in_citation(self, after: Node, written: str, shown: Shown) -> list[int]:
        """Tokens that go on within an id, and those that finish it and go on after its quote."""
        if written not in shown.within:
            rests = [each[len(written) :] for each in shown.citable.ids if each.startswith(written)]
            parts = {rest[:end] for rest in rests for end in range(1, len(rest) + 1)}
            tokens = [token for part in sorted(parts) for token in self._words.tokens.get(part, ())]
            shown.within[written] = tokens, [rest for rest in sorted(rests) if rest in self._words.leaving]
        tokens, ends = shown.within[written]
        return [*tokens, *(token for end in ends for token in self._leave(after, end, shown.citable))]

    def _leave(self, after: Node, end: str, citable: Citable) -> Iterator[int]:
        """Tokens that begin with an id's ``end`` and its closing quote."""
        if (after, end) not in self._leaving:
            walks = [
                (text, self._walk((after, ""), text[len(end) + 1 :], citable))
                for text in self._words.leaving[end]
            ]
            always = [text for text, (at, depends) in walks if at is not None and not depends]
            tokens = [token for text in always for token in self._words.tokens[text]]
            self._leaving[after, end] = tokens, [text for text, (_, depends) in walks if depends]
        tokens, dependent = self._leaving[after, end]
        yield from tokens
        for text in dependent:
            if self._walk((after, ""), text[len(end) + 1 :], citable)[0] is not None:
                yield from self._words.tokens[text]

    @staticmethod
    def _walk(place: Place, text: str, citable: Citable) -> tuple[Place | None, bool]:
        """The place after a text, and whether that depends on what the pool lets one cite."""
        depends = False
        for character in text:
            depends = depends or place[0].cited is not None
            following = follow(place, character, citable)
            if following is None:
                return None, depends
            place = following
        return place, depends
