"""The language of legal traces for one pool, as a Lark grammar for llguidance.

What :meth:`mard.schema.Trace.to_json` writes and the judges' schema accepts, and nothing else: steps
numbered from 1 with the conclusion last and only there, every citation an id of this pool, at least
one in a step that presents evidence, the subtype in its family, direction n/a exactly when
abstaining, bounded numbers of words. Text holds no quote, backslash or control character.
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

_WORD: Final = r'[^\s"\\\x00-\x1f\x7f]'
_COMPLETE_STEP: Final = re.compile(
    r'\{"step":(\d),"role":"(\w+)","claim":"[^"]*","citations":\[[^\]]*\]\}(?=[,\]])'
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a trace may say.

    Attributes:
        claim_words: Words of a claim.
        summary_words: Words of the summary.
        word_length: Characters of a word.
        citations: Citations of a step.
        steps: Steps of a trace; a trace that is already longer concludes at once.
    """

    claim_words: int
    summary_words: int
    word_length: int = 40
    citations: int = 6
    steps: int = MAX_STEPS


CLOSING: Final = Limits(claim_words=10, summary_words=16, word_length=16, citations=2, steps=MIN_STEPS)
"""For a trace that has used up its tokens: from where it is to the end by the shortest way."""


@dataclass(frozen=True, slots=True)
class Written:
    """The part of an unfinished trace that can stand: text up to its last complete step.

    Attributes:
        text: What is kept.
        steps: Complete steps in it.
        concluded: Whether the last of them is the conclusion.
    """

    text: str = ""
    steps: int = 0
    concluded: bool = False

    @classmethod
    def of(cls, text: str) -> Written:
        """Cut an unfinished trace after its last complete step."""
        steps = list(_COMPLETE_STEP.finditer(text))
        if not steps:
            return cls()
        last = steps[-1]
        return cls(text[: last.end()], len(steps), last[2] == StepRole.CONCLUSION)


def trace_grammar(pool: Pool, taxonomy: Taxonomy, limits: Limits, written: Written | None = None) -> str:
    """Lark text of everything that may follow ``written`` (a whole trace by default)."""
    before = written or Written()
    rules = [
        _ANY_TOKENS,
        f"start: {_opening(before)} end",
        *([] if before.concluded else _steps(before.steps + 1, max(limits.steps, before.steps + 1))),
        _words("CLAIM", limits.claim_words, limits.word_length),
        _words("SUMMARY", limits.summary_words, limits.word_length),
        *_citations(sorted(pool.citations), limits.citations),
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


def _words(name: str, most: int, length: int) -> str:
    word = f"{_WORD}{{1,{length}}}"
    return f"{name}: /{word}( {word}){{0,{most - 1}}}/"


def _either(texts: Iterable[str]) -> str:
    return " | ".join(map(_quote, texts))


def _quote(text: str) -> str:
    """A Lark string literal."""
    return json.dumps(str(text), ensure_ascii=False)
