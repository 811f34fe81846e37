from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from numpy import flatnonzero, uint8, unpackbits

from mard.infer.constraint import Constraint, Reader, Shown
from mard.infer.grammar import Limits, Written, ending, whole, within
from mard.judge.case import Case
from mard.judge.qc import JudgeBounds, judge
from mard.label.taxonomy import load_taxonomy
from mard.lm.form import Form
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from mard.schema import Direction, Family, Pool, StepRole, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer
from tests.students import tokenizer
from tests.unit.infer.lark import trace_grammar

LIMITS = Limits(claim_words=40, summary_words=80)
POOL = voriconazole_axitinib()


@pytest.fixture(scope="module")
def constraint() -> Constraint:
    return Constraint(tokenizer(), len(tokenizer()))


def reader(constraint: Constraint, pool: Pool = POOL) -> Reader:
    return Reader(constraint, whole(load_taxonomy()), Shown.of(pool.citations))


def accepts(constraint: Constraint, text: str, reading: Reader | None = None) -> bool:
    """Whether the language has the whole text, token by token, through the masks that decoding uses."""
    reading = reading or reader(constraint)
    for token in token_ids(tokenizer(), text):
        if reading.is_done or token not in reading.allowed():
            return False
        reading.consume(token)
    return reading.is_done


def wander(reading: Reader, seed: int) -> str:
    """A text that the language has, every token drawn uniformly from those allowed."""
    choices, tokens = random.Random(seed), []
    while not reading.is_done:
        tokens.append(int(choices.choice(sorted(reading.allowed()))))
        reading.consume(tokens[-1])
    return tokenizer().decode(tokens, clean_up_tokenization_spaces=False)


def parsers_masks(pool: Pool) -> Iterator[set[int]]:
    """llguidance's masks for the same language; a token must be sent after each."""
    matcher = LLMatcher(
        from_tokenizer(tokenizer()), LLMatcher.grammar_from_lark(trace_grammar(pool, load_taxonomy()))
    )
    bits = allocate_token_bitmask(1, len(tokenizer()))
    while not matcher.is_stopped():
        fill_next_token_bitmask(matcher, bits)
        matcher.consume_token((yield set(flatnonzero(unpackbits(bits.view(uint8), bitorder="little")))))


@pytest.mark.parametrize("seed", range(3))
def test_masks_are_those_of_a_general_parser(constraint: Constraint, seed: int) -> None:
    """All the way along random texts. Parts of letters beyond ASCII aside: ours allows fewer alphabets."""
    pool = mirror(POOL) if seed % 2 else POOL
    choices, reading, parser = random.Random(seed), reader(constraint, pool), parsers_masks(pool)
    beyond_ascii = {token for token in range(len(tokenizer())) if not tokenizer().decode([token]).isascii()}
    expected = next(parser)
    while not reading.is_done:
        found = set(reading.allowed())
        assert found - beyond_ascii == expected - beyond_ascii
        token = int(choices.choice(sorted(found - beyond_ascii)))
        reading.consume(token)
        expected = sent(parser, token)


def sent(parser, token: int) -> set[int]:
    try:
        return parser.send(token)
    except StopIteration:
        return set()


def test_a_teachers_trace_is_legal_in_the_tokens_that_the_student_learnt(constraint: Constraint) -> None:
    assert accepts(constraint, metabolism_trace().to_json())


def test_abstention_means_direction_not_applicable_and_back(constraint: Constraint) -> None:
    trace = metabolism_trace()
    assert accepts(constraint, with_answer(trace, direction=Direction.NONE, abstain=True).to_json())
    assert not accepts(constraint, with_answer(trace, direction=Direction.NONE).to_json())
    assert not accepts(constraint, with_answer(trace, abstain=True).to_json())


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("a citation from outside the pool", {"citations": ("A:cyp2d6_inh",)}),
        ("an evidence step that cites nothing", {"citations": ()}),
        ("a step out of order", {"step": 2}),
        ("a conclusion that is not last", {"role": StepRole.CONCLUSION}),
        ("an empty claim", {"claim": ""}),
        ("a quote in a claim", {"claim": 'Drug A "inhibits" CYP3A4.'}),
        ("two spaces in a row", {"claim": "Drug A  inhibits CYP3A4."}),
    ],
)
def test_a_faulty_first_step_is_refused(
    constraint: Constraint, fault: str, change: dict[str, object]
) -> None:
    first, *rest = metabolism_trace().steps
    faulty = replace(metabolism_trace(), steps=(replace(first, **change), *rest))
    assert not accepts(constraint, faulty.to_json()), fault


def test_a_subtype_outside_its_family_is_refused(constraint: Constraint) -> None:
    trace = with_answer(metabolism_trace(), family=Family.ADVERSE_RISK)
    assert not accepts(constraint, trace.to_json())
    assert accepts(constraint, with_answer(trace, subtype="bleeding").to_json())


def test_two_steps_or_nine_are_refused(constraint: Constraint) -> None:
    first, *_, last = metabolism_trace().steps
    two = replace(metabolism_trace(), steps=(first, replace(last, step=2)))
    many = [replace(first, step=number) for number in range(1, 9)]
    nine = replace(metabolism_trace(), steps=(*many, replace(last, step=9)))
    eight = replace(metabolism_trace(), steps=(*many[:7], replace(last, step=8)))
    assert not accepts(constraint, two.to_json())
    assert not accepts(constraint, nine.to_json())
    assert accepts(constraint, eight.to_json())


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_grammar_allows_parses_and_passes_the_judges_that_it_can_answer_for(
    constraint: Constraint, seed: int
) -> None:
    pool = mirror(POOL) if seed % 2 else POOL
    trace = Trace.from_json(wander(reader(constraint, pool), seed))
    verdict = judge(trace, Case.of(pool), None, JudgeBounds(80, 0.15, 40, 3))
    assert {"G1", "G2", "G10"}.isdisjoint(verdict.failed), verdict.reasons


TEXT = metabolism_trace().to_json()


@pytest.mark.parametrize(
    ("cut", "steps", "concluded"),
    [
        (10, 0, False),
        (TEXT.index(',{"step":2') + 3, 1, False),
        (TEXT.index(',{"step":4') + 40, 3, False),
        (TEXT.index('"summary"') + 20, 4, True),
        (len(TEXT) - 5, 4, True),
    ],
)
def test_an_unfinished_trace_keeps_its_complete_steps_and_closes(
    constraint: Constraint, cut: int, steps: int, concluded: bool
) -> None:
    written = Written.of(TEXT[:cut], LIMITS)
    assert (written.steps, written.concluded) == (steps, concluded)
    added, answer = ending(load_taxonomy(), written)
    text = written.text + added + wander(Reader(constraint, answer, Shown.of(POOL.citations)), seed=cut)
    trace = Trace.from_json(text)
    assert within(text, LIMITS)
    assert trace.steps[:steps] == metabolism_trace().steps[:steps]
    assert len(trace.steps) == (steps if concluded else max(3, steps + 1))


def test_limits_are_counted_in_words_of_each_claim_and_of_the_summary() -> None:
    # the longest claim, "Drug A decreases the metabolism of Drug B.", has 8 words; the summary has 10
    assert within(TEXT, Limits(claim_words=8, summary_words=10))
    assert not within(TEXT, Limits(claim_words=7, summary_words=10))
    assert not within(TEXT, Limits(claim_words=8, summary_words=9))


def test_a_claim_that_is_too_long_does_not_stand_nor_what_follows_it() -> None:
    assert Written.of(TEXT, Limits(claim_words=7, summary_words=10)).steps == 2


FIRST = Form("compact", "first")


SHOWN = Shown.of(FIRST.citations(POOL))


def test_a_student_that_answers_first_writes_the_same_traces_in_its_own_form(constraint: Constraint) -> None:
    def taken(text: str) -> bool:
        return accepts(constraint, text, Reader(constraint, whole(load_taxonomy(), "first"), SHOWN))

    assert taken(FIRST.completion(metabolism_trace(), POOL))
    assert not taken(TEXT)
    assert not taken(FIRST.completion(metabolism_trace(), POOL).replace("nbr:1", "nbr:2"))
    assert not taken(FIRST.completion(with_answer(metabolism_trace(), abstain=True), POOL))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_an_answer_first_trace_that_is_cut_comes_to_an_end(constraint: Constraint, share: float) -> None:
    text = FIRST.completion(metabolism_trace(), POOL)
    written = Written.of(text[: int(len(text) * share)], LIMITS)
    added, rest = ending(load_taxonomy(), written, "first")
    told = written.text + added + wander(Reader(constraint, rest, SHOWN), seed=int(10 * share))
    trace = FIRST.read(told, POOL)
    assert within(told, LIMITS)
    assert trace.steps[: written.steps] == metabolism_trace().steps[: written.steps]
    assert not written.steps or trace.final_answer == metabolism_trace().final_answer
