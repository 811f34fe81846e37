"""The language of legal traces for one pool, as a Lark grammar for llguidance.

What :meth:`mard.schema.Trace.to_json` writes and the judges' schema accepts, and nothing else: steps
numbered from 1 with the conclusion last and only there, every citation an id of this pool, at least
one in a step that presents evidence, the subtype in its family, direction n/a exactly when
abstaining. Text holds no quote, backslash or control character.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mard.judge.qc import EVIDENCE_ROLES
from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MIN_STEPS, Direction, Family, Polarity, Pool, StepRole

_ANY_TOKENS: Final = '%llguidance {"no_forcing": true}'
"""Otherwise llguidance insists on its own tokens for forced bytes, which are not always the ones that the
tokenizer gives the whole trace, and so the ones that the student learnt."""

MAX_CITATIONS: Final = 6
CLOSING_CITATIONS: Final = 2
CLOSING_WORDS: Final = 12
CLOSING_WORD_LENGTH: Final = 16

_WORD: Final = r'[^\s"\\\x00-\x1f\x7f]'
_COMPLETE_STEP: Final = re.compile(
    r'\{"step":(\d),"role":"(\w+)","claim":"([^"]*)","citations":\[[^\]]*\]\}(?=[,\]])'
)
_SUMMARY: Final = re.compile(r'\],"summary":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a trace may say, in words of its claims and of its summary."""

    claim_words: int
    summary_words: int


@dataclass(frozen=True, slots=True)
class Written:
    """The part of a trace that can stand: its first steps that are complete and within limits.

    Attributes:
        text: What is kept.
        steps: Steps in it.
        concluded: Whether the last of them is the conclusion.
    """

    text: str = ""
    steps: int = 0
    concluded: bool = False

    @classmethod
    def of(cls, text: str, limits: Limits) -> Written:
        """Cut a trace after the last step that can stand."""
        kept = cls()
        for step in _COMPLETE_STEP.finditer(text):
            if len(step[3].split()) > limits.claim_words:
                break
            kept = cls(text[: step.end()], int(step[1]), step[2] == StepRole.CONCLUSION)
        return kept


def within(text: str, limits: Limits) -> bool:
    """Whether a finished trace keeps to the limits."""
    summary = _SUMMARY.search(text)
    claims = (step[3] for step in _COMPLETE_STEP.finditer(text))
    return (
        summary is not None
        and len(summary[1].split()) <= limits.summary_words
        and all(len(claim.split()) <= limits.claim_words for claim in claims)
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a grammar allows: citations a step, steps a trace, and the regular expressions of its texts."""

    citations: int
    steps: int
    claim: str
    summary: str


def trace_grammar(pool: Pool, taxonomy: Taxonomy) -> str:
    """Lark text of every legal trace of a pool.

    Words are not counted here: a grammar that counts makes a mask eight times as dear. The decoder
    checks the limits of a finished text and lets what exceeds them end under :func:`closing_grammar`.
    """
    words = f"{_WORD}+( {_WORD}+)*"
    return _grammar(pool, taxonomy, _Shape(MAX_CITATIONS, MAX_STEPS, words, words), Written())


def closing_grammar(pool: Pool, taxonomy: Taxonomy, written: Written, limits: Limits) -> str:
    """Lark text of the short ends of a trace: at most one more step than it needs, few and short words.

    Its longest text is short, so decoding under it comes to an end with any model.
    """
    claim, summary = (
        _few_words(min(bound, CLOSING_WORDS)) for bound in (limits.claim_words, limits.summary_words)
    )
    shape = _Shape(CLOSING_CITATIONS, max(MIN_STEPS, written.steps + 1), claim, summary)
    return _grammar(pool, taxonomy, shape, written)


def _few_words(most: int) -> str:
    word = f"{_WORD}{{1,{CLOSING_WORD_LENGTH}}}"
    return f"{word}( {word}){{0,{most - 1}}}"


def _grammar(pool: Pool, taxonomy: Taxonomy, shape: _Shape, written: Written) -> str:
    rules = [
        _ANY_TOKENS,
        f"start: {_opening(written)} end",
        *([] if written.concluded else _steps(written.steps + 1, shape.steps)),
        f"CLAIM: /{shape.claim}/",
        f"SUMMARY: /{shape.summary}/",
        *_citations(sorted(pool.citations), shape.citations),
        *_answer(taxonomy),
    ]
    return "\n".join(rules)


def _opening(before: Written) -> str:
    if before.concluded:
        return ""
    opening = "," if before.steps else '{"steps":['
    return f"{_quote(opening)} tail{before.steps + 1}"


def _steps(first: int, last: int) -> Iterator[str]:
    """``tail{n}``: step n and all after it; the conclusion may come from the third step on."""
    for number in range(first, last + 1):
        head = _quote(f'{{"step":{number},"role":"')
        more = f'{head} body "," tail{number + 1}'
        conclusion = f"{head} {_quote(StepRole.CONCLUSION)} claim optional"
        if number < MIN_STEPS:
            yield f"tail{number}: {more}"
        else:
            yield f"tail{number}: {conclusion}" + (f" | {more}" if number < last else "")
    yield "body: PRESENTING claim required | REFLECTING claim optional"
    yield " ".join(("claim:", _quote('","claim":"'), "CLAIM", _quote('","citations":[')))
    yield f"PRESENTING: {_either(sorted(EVIDENCE_ROLES))}"
    yield f"REFLECTING: {_either(sorted({*StepRole} - EVIDENCE_ROLES - {StepRole.CONCLUSION}))}"


def _citations(ids: Iterable[str], most: int) -> Iterator[str]:
    yield 'required: cited "]}"'
    yield 'optional: required | "]}"'
    yield f'cited: ID ("," ID){{0,{most - 1}}}'
    yield f"ID: {_either(json.dumps(citation, ensure_ascii=False) for citation in ids)}"


def _answer(taxonomy: Taxonomy) -> Iterator[str]:
    """``end``: everything after the last step."""
    answer = '","final_answer":{"family":"'
    yield " ".join(("end:", _quote('],"summary":"'), "SUMMARY", _quote(answer), "kind verdict"))
    subtype = '","subtype":"'
    yield "kind: " + " | ".join(f"{_quote(family + subtype)} {family.name}" for family in Family)
    for family in Family:
        yield f"{family.name}: {_either(taxonomy.subtypes(family))}"
    yield " ".join(("verdict:", _quote('","direction":"'), "(claimed | abstained)"))
    yield 'claimed: DIRECTION strength "false}}"'
    yield f'abstained: {_quote(Direction.NONE)} strength "true}}}}"'
    yield f"DIRECTION: {_either(each for each in Direction if each is not Direction.NONE)}"
    polarity, confidence, abstain = map(_quote, ('","polarity":"', '","confidence":', ',"abstain":'))
    yield f"strength: {polarity} POLARITY {confidence} CONFIDENCE {abstain}"
    yield f"POLARITY: {_either(Polarity)}"
    yield r"CONFIDENCE: /0\.[0-9]{1,2}|1\.0/"


def _either(texts: Iterable[str]) -> str:
    return " | ".join(map(_quote, texts))


def _quote(text: str) -> str:
    """A Lark string literal."""
    return json.dumps(str(text), ensure_ascii=False)
