"""A byte-level BPE tokenizer of our own, in which a trace costs 100 to 160 tokens.

What recurs in every trace (its JSON scaffolding, roles, families, subtypes, direction tags, PK
flags) is one token each. These are ordinary added tokens, not special ones: they decode to their
own bytes, so constrained decoding and ``decode`` treat them like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mard.errors import TokenizerError
from mard.evidence.pk_flags import PROTEINS, protein_name
from mard.lm.form import BRIEF, Form
from mard.schema import MAX_STEPS, PAIR_CITATIONS, Direction, Family, PkRole, Polarity, StepRole

PAD: Final = "<|pad|>"
END: Final = "<|end|>"
STEP: Final = "<|step|>"

_WORD: Final = r" ?\d+\.\d+| ?\w+| ?[^\s\w]+|\s+"
"""Decimals and ids stay whole, so that frequent ones (0.41, DB00582, P08684) become one token each."""

MOST_NEIGHBOURS: Final = 20
"""Neighbours of a compact prompt that have a token of their own; likewise codes, proteins and pathways."""
MOST_ITEMS: Final = 3
RANKED: Final = ("ATC", "protein", "pathway")
"""What a compact prompt calls by its rank, beside neighbours."""


def trace_pieces(subtypes: Iterable[str], form: Form = BRIEF) -> tuple[str, ...]:
    """The texts that are one token each: scaffolding of :meth:`mard.schema.Trace.to_json` and its words.

    Args:
        subtypes: The vocabulary of subtypes.
        form: Of the prompts and completions.
    """
    numbers = range(1, MAX_STEPS + 1)
    scaffolding = (
        *(f',{{"step":{number},"role":"' for number in numbers),
        *(f'"]}},{{"step":{number},"role":"' for number in numbers),
        '{"steps":[{"step":1,"role":"',
        *(f'{role}","claim":"' for role in StepRole),
        *('{"steps":[', '"]}', '","', '","citations":[', '","citations":["'),
        *('],"summary":"', '"]}],"summary":"', '","final_answer":{"family":"'),
        *('","subtype":"', '","direction":"'),
        *(f'","polarity":"{polarity}","confidence":' for polarity in Polarity),
        *(f',"abstain":{value}}}}}' for value in ("false", "true")),
    )
    words = (*Family, *subtypes, *Direction, *map(protein_name, PROTEINS.values()), "Drug A", "Drug B")
    citations = (
        *(f"{protein}_{role}" for protein, role in product(PROTEINS.values(), PkRole)),
        *sorted(PAIR_CITATIONS),
        *(f"{space}{side}:{kind}" for space, side, kind in product(("", " "), "AB", ("", "ATC:"))),
        "nbr:",
    )
    if form.answer == "first":
        opening = '{"steps":[{"step":1,"role":"'[1:]
        ends = (f',"abstain":{value}}},{opening}' for value in ("false", "true"))
        scaffolding = ('{"final_answer":{"family":"', *ends, *scaffolding)
    if form.prompt == "compact":
        items = product(("", " "), "AB", RANKED, range(1, MOST_ITEMS + 1))
        citations = (
            *(f"nbr:{rank}" for rank in range(1, MOST_NEIGHBOURS + 1)),
            *(f"{space}{side}:{kind}:{rank}" for space, side, kind, rank in items),
            *(" =A", " =B", *citations),
        )
    spaced = (f"{space}{word}" for word, space in product(words, ("", " ")))
    return tuple(dict.fromkeys(str(piece) for piece in (*scaffolding, *spaced, *citations)))


def train_tokenizer(corpus: Iterable[str], vocab_size: int, pieces: Sequence[str]) -> PreTrainedTokenizerFast:
    """Train byte-level BPE on prompts and completions; the same corpus gives the same tokenizer.

    Args:
        corpus: Texts, in a fixed order.
        vocab_size: Size with special tokens and ``pieces``; smaller where the corpus has fewer merges.
        pieces: Texts that become one token each; see :func:`trace_pieces`.

    Raises:
        TokenizerError: ``vocab_size`` leaves no room for the 256 bytes.
    """
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [PAD, END, STEP]
    room = vocab_size - len(pieces)
    if room < len(alphabet) + len(special):
        needed = len(alphabet) + len(special) + len(pieces)
        raise TokenizerError(f"vocab_size {vocab_size} is too small: bytes and trace pieces need {needed}")
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORD), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=room, special_tokens=special, initial_alphabet=sorted(alphabet), show_progress=False
    )
    whole = re.compile("|".join(map(re.escape, sorted(pieces, key=len, reverse=True))))
    backend.train_from_iterator((part for text in corpus for part in whole.split(text)), trainer)
    backend.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in pieces])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=END,
        padding_side="right",
        clean_up_tokenization_spaces=False,
    )


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """Load a fast tokenizer from a folder or hub id; never runs code that comes with it.

    Raises:
        TokenizerError: It is not a fast tokenizer, or it has no end-of-sequence token.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(source), trust_remote_code=False)
    if not tokenizer.is_fast:
        raise TokenizerError(f"{source}: a fast tokenizer (tokenizer.json) is needed")
    if tokenizer.eos_token_id is None:
        raise TokenizerError(f"{source}: the tokenizer has no end-of-sequence token")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer


def token_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Ids of a text as it stands, nothing added before or after."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
