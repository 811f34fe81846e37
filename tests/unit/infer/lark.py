"""The language of legal traces a second time, as a Lark grammar for llguidance: what ours must equal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from mard.infer.grammar import MAX_CITATIONS
from mard.judge.case import EVIDENCE_ROLES
from mard.label.taxonomy import Taxonomy
from mard.schema import MAX_STEPS, MIN_STEPS, Direction, Family, Polarity, Pool, StepRole

OWN_TOKENS = '%llguidance {"no_forcing": true}'
WORD = r'[^\s"\\\x00-\x1f\x7f]'


def trace_grammar(pool: Pool, taxonomy: Taxonomy) -> str:
    """Lark text of every legal trace of a pool."""
    rules = [
        OWN_TOKENS,
        f"start: {quote('{' + chr(34) + 'steps' + chr(34) + ':[')} tail1 end",
        *steps(),
        f"WORDS: /{WORD}+( {WORD}+)*/",
        *citations(sorted(pool.citations)),
        *answer(taxonomy),
    ]
    return "\n".join(rules)


def steps() -> Iterator[str]:
    """``tail{n}``: step n and all after it; the conclusion may come from the third step on."""
    for number in range(1, MAX_STEPS + 1):
        head = quote(f'{{"step":{number},"role":"')
        more = f'{head} body "," tail{number + 1}'
        conclusion = f"{head} {quote(StepRole.CONCLUSION)} claim optional"
        if number < MIN_STEPS:
            yield f"tail{number}: {more}"
        else:
            yield f"tail{number}: {conclusion}" + (f" | {more}" if number < MAX_STEPS else "")
    yield "body: PRESENTING claim required | REFLECTING claim optional"
    yield " ".join(("claim:", quote('","claim":"'), "WORDS", quote('","citations":[')))
    yield f"PRESENTING: {either(sorted(EVIDENCE_ROLES))}"
    yield f"REFLECTING: {either(sorted({*StepRole} - EVIDENCE_ROLES - {StepRole.CONCLUSION}))}"


def citations(ids: Iterable[str]) -> Iterator[str]:
    yield 'required: cited "]}"'
    yield 'optional: required | "]}"'
    yield f'cited: ID ("," ID){{0,{MAX_CITATIONS - 1}}}'
    yield f"ID: {either(json.dumps(citation) for citation in ids)}"


def answer(taxonomy: Taxonomy) -> Iterator[str]:
    middle = '","final_answer":{"family":"'
    yield " ".join(("end:", quote('],"summary":"'), "WORDS", quote(middle), "kind verdict"))
    yield "kind: " + " | ".join(f"{quote(family + SUBTYPE)} {family.name}" for family in Family)
    for family in Family:
        yield f"{family.name}: {either(taxonomy.subtypes(family))}"
    yield " ".join(("verdict:", quote('","direction":"'), "(claimed | abstained)"))
    yield 'claimed: DIRECTION strength "false}}"'
    yield f'abstained: {quote(Direction.NONE)} strength "true}}}}"'
    yield f"DIRECTION: {either(each for each in Direction if each is not Direction.NONE)}"
    polarity, confidence, abstain = map(quote, ('","polarity":"', '","confidence":', ',"abstain":'))
    yield f"strength: {polarity} POLARITY {confidence} CONFIDENCE {abstain}"
    yield f"POLARITY: {either(Polarity)}"
    yield r"CONFIDENCE: /0\.[0-9]{1,2}|1\.0/"


SUBTYPE = '","subtype":"'


def either(texts: Iterable[str]) -> str:
    return " | ".join(map(quote, texts))


def quote(text: str) -> str:
    """A Lark string literal."""
    return json.dumps(str(text))
