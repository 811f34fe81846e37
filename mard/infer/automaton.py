"""Automata over characters: the alphabet in which the language of traces is written down.

A character is one byte of UTF-8, as latin-1 text, because a token may end within a letter. Every choice
is decided by the next character, so a place in a text is one node, and nodes are shared by all pools: what
a pool may cite is laid over them where a citation stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

QUOTE: Final = '"'
_WORD: Final = frozenset(map(chr, range(0x21, 0x7F))) - {QUOTE, "\\"}


@dataclass(eq=False, slots=True)
class Node:
    """A place in a text.

    Attributes:
        edges: The next node by character.
        word: Where a character of a word leads, if this is free text.
        cited: What follows a citation's closing quote, if a citation stands here.
    """

    edges: dict[str, Node] = field(default_factory=dict)
    word: Node | None = None
    cited: Node | None = None


Place = tuple[Node, str]
"""A node and, within a citation, what of it is written."""


@dataclass(frozen=True)
class Citable:
    """The ids that a pool lets one cite.

    Attributes:
        ids: The ids, as they stand between quotes.
        beginnings: Every beginning of an id, the id itself too.
    """

    ids: frozenset[str]
    beginnings: frozenset[str]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """From ids as text."""
        raw = frozenset(as_bytes(each) for each in ids)
        return cls(raw, frozenset(each[:end] for each in raw for end in range(1, len(each) + 1)))


def as_bytes(text: str) -> str:
    """UTF-8 bytes as characters."""
    return text.encode().decode("latin-1")


def follow(place: Place, character: str, citable: Citable) -> Place | None:
    """The place after one more character, or None where the character is not allowed."""
    node, written = place
    if node.cited is not None:
        if character == QUOTE:
            return (node.cited, "") if written in citable.ids else None
        longer = written + character
        return (node, longer) if longer in citable.beginnings else None
    following = node.edges.get(character)
    if following is None and node.word is not None and character in _WORD:
        following = node.word
    return None if following is None else (following, "")


def choice(options: Iterable[tuple[str, Node]]) -> Node:
    """One of several texts, each with what follows it; none may be the beginning of another."""
    start = Node()
    for text, after in options:
        node, path = start, as_bytes(text)
        for character in path[:-1]:
            node = node.edges.setdefault(character, Node())
        node.edges[path[-1]] = after
    return start


def literal(text: str, after: Node) -> Node:
    """One text."""
    return choice([(text, after)])


def words(after: Node) -> Node:
    """One or more words, a single space between two, and a closing quote.

    A word has no quote, backslash, space or control character; beyond ASCII it may hold letters of the
    alphabets with two bytes a letter (Latin, Greek, ...), punctuation and symbols.
    """
    within = Node()
    between = Node(_wide(within), word=within)
    within.word = within
    within.edges = {**_wide(within), " ": between, QUOTE: after}
    return between


def _wide(after: Node) -> dict[str, Node]:
    """Letters beyond ASCII by their first byte; none of them is a space or a control character."""
    last = Node(_range(0x80, 0xBF, after))
    general = Node(_range(0x90, 0xA7, after))
    three = Node({"\x80": general, **_range(0x82, 0xBF, last)})
    latin = Node(_range(0xA1, 0xBF, after))
    return {"\xc2": latin, **_range(0xC3, 0xDF, last), "\xe2": three}


def _range(first: int, last: int, after: Node) -> dict[str, Node]:
    return {chr(byte): after for byte in range(first, last + 1)}
