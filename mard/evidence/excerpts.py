"""Free text cut into sentences, and which drugs each sentence names.

A sentence about one drug that names the other can give the answer away, so pools leave it out.
Names are found generously (any alias, any case, punctuation ignored): a sentence too few is cheap.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Self

MIN_NAME_CHARS: Final = 3

_REFERENCE: Final = re.compile(r"\s*\[[A-Z]\d+(?:\s*,\s*[A-Z]\d+)*\]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[]?[A-Z0-9])")
_WORD: Final = re.compile(r"\w+")


def sentences(text: str) -> list[str]:
    """Sentences of ``text``, white space collapsed and reference marks such as ``[A1234]`` dropped."""
    plain = " ".join(_REFERENCE.sub("", text).split())
    return _SENTENCE_END.split(plain) if plain else []


def excerpt(text: str, max_chars: int) -> list[str]:
    """The first sentences that fit in ``max_chars``; a longer first sentence is cut between words."""
    kept: list[str] = []
    room = max_chars
    for sentence in sentences(text):
        if len(sentence) > room:
            break
        kept.append(sentence)
        room -= len(sentence) + 1
    if not kept and text.strip() and max_chars:
        kept = _cut(sentences(text)[0], max_chars)
    return kept


def _cut(sentence: str, max_chars: int) -> list[str]:
    head = sentence[: max(0, max_chars - 3)].rsplit(" ", 1)[0].strip()
    return [f"{head}..."] if head else []


def is_name(alias: str) -> bool:
    """Whether an alias is long enough to be told apart from other words."""
    return sum(map(len, _WORD.findall(alias))) >= MIN_NAME_CHARS


class NameIndex:
    """Finds the drugs that a text names."""

    def __init__(self, entries: Mapping[str, list[tuple[tuple[str, ...], str]]]) -> None:
        self._entries = entries

    @classmethod
    def build(cls, names: Iterable[tuple[str, str]]) -> Self:
        """Index (drug id, name or alias) rows by their first word."""
        entries = defaultdict(list)
        for drug_id, name in names:
            words = tuple(_WORD.findall(name.casefold()))
            if words and is_name(name):
                entries[words[0]].append((words, drug_id))
        return cls(entries)

    def named_in(self, text: str) -> list[str]:
        """Ids of the drugs that ``text`` names, sorted."""
        words = _WORD.findall(text.casefold())
        found = {
            drug_id
            for place, word in enumerate(words)
            for name, drug_id in self._entries.get(word, ())
            if tuple(words[place : place + len(name)]) == name
        }
        return sorted(found)
