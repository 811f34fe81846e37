from __future__ import annotations

import json

import pytest
import torch
from tokenizers import AddedToken

from mard.errors import TokenizerError
from mard.lm.tokenizer import STEP
from mard.prm.encode import StepBatch, StepTokens, encode_trace, trace_segments
from tests import students
from tests.builders import metabolism_trace
from tests.unit.lm.test_tags import bytes_only


def test_segments_join_to_the_trace_and_each_ends_with_a_step() -> None:
    trace = metabolism_trace()
    segments = trace_segments(trace)
    assert "".join(segments) == trace.to_json()
    assert len(segments) == len(trace.steps) + 1
    for segment, step in zip(segments, trace.steps, strict=False):
        assert json.loads(segment[segment.index('{"step":') :])["claim"] == step.claim


def test_a_separator_follows_every_step_and_the_answer() -> None:
    tokenizer, trace = students.tokenizer(), metabolism_trace()
    tokens = StepTokens.of(tokenizer)
    encoded = encode_trace(tokenizer, tokens, "A prompt.", trace, max_length=512)
    assert [encoded.input_ids[place] for place in encoded.separators] == [tokens.separator] * 5
    assert encoded.separators[-1] == len(encoded.input_ids) - 1
    text = tokenizer.decode([i for i in encoded.input_ids if i != tokens.separator])
    assert text == "A prompt." + trace.to_json()


def test_too_long_an_input_loses_the_end_of_its_prompt_only() -> None:
    tokenizer, trace = students.tokenizer(), metabolism_trace()
    tokens = StepTokens.of(tokenizer)
    bare = len(encode_trace(tokenizer, tokens, "", trace, max_length=512).input_ids)
    encoded = encode_trace(tokenizer, tokens, "one two three " * 100, trace, max_length=bare + 4)
    assert len(encoded.input_ids) == bare + 4
    assert tokenizer.decode(encoded.input_ids).startswith("one")
    assert tokenizer.decode(encoded.input_ids[4:]).startswith('{"steps":[')


def test_a_batch_knows_its_separators() -> None:
    tokenizer, trace = students.tokenizer(), metabolism_trace()
    tokens = StepTokens.of(tokenizer)
    traces = [encode_trace(tokenizer, tokens, prompt, trace, 512) for prompt in ("Short.", "Rather longer.")]
    batch = StepBatch.of(traces, pad=0)
    assert batch.rows.tolist() == [0] * 5 + [1] * 5
    assert (batch.input_ids[batch.rows, batch.columns] == tokens.separator).all()
    assert torch.equal(batch.input_ids[1], torch.tensor(traces[1].input_ids))


def test_our_tokenizer_has_its_own_separator() -> None:
    tokenizer = students.tokenizer()
    tokens = StepTokens.of(tokenizer)
    assert tokenizer.convert_ids_to_tokens(tokens.separator) == STEP
    assert tokenizer.decode([tokens.plus, tokens.minus]) == "+-"


def test_the_default_seeds_answers_have_a_space_before_them_and_its_texts_begin_with_a_token() -> None:
    tokenizer = bytes_only()
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in (" ки", " +", " -")])
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokens = StepTokens.of(tokenizer)
    found = [tokenizer.decode(each) for each in (tokens.separator, tokens.plus, tokens.minus)]
    assert found == [" ки", " +", " -"]
    encoded = encode_trace(tokenizer, tokens, "A prompt.", metabolism_trace(), max_length=4096)
    assert encoded.prompt == (tokenizer.bos_token_id, *tokenizer("A prompt.")["input_ids"])


def test_a_tokenizer_that_cannot_mark_steps_is_refused() -> None:
    with pytest.raises(TokenizerError, match="cannot mark steps"):
        StepTokens.of(bytes_only())
