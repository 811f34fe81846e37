from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import llguidance.hf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher
from transformers import PreTrainedTokenizerFast

from mard.errors import TokenizerError
from mard.label.taxonomy import load_taxonomy
from mard.lm.tokenizer import (
    load_tokenizer,
    token_ids,
    trace_pieces,
    train_tokenizer,
)
from mard.mirror import mirror
from mard.schema import Direction, Family, StepRole
from tests import students
from tests.builders import metabolism_trace

STEP = {
    "type": "object",
    "properties": {
        "step": {"type": "integer"},
        "role": {"enum": [str(role) for role in StepRole]},
        "claim": {"type": "string"},
        "citations": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["step", "role", "claim", "citations"],
    "additionalProperties": False,
}
ANSWER = {
    "type": "object",
    "properties": {
        "family": {"enum": [str(family) for family in Family]},
        "subtype": {"type": "string"},
        "direction": {"enum": [str(direction) for direction in Direction]},
        "polarity": {"enum": ["up", "down"]},
        "confidence": {"type": "number"},
        "abstain": {"type": "boolean"},
    },
    "required": ["family", "subtype", "direction", "polarity", "confidence", "abstain"],
    "additionalProperties": False,
}
TRACE = {
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": STEP},
        "summary": {"type": "string"},
        "final_answer": ANSWER,
    },
    "required": ["steps", "summary", "final_answer"],
    "additionalProperties": False,
}


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_survives_the_round_trip(text: str) -> None:
    tokenizer = students.tokenizer()
    assert tokenizer.decode(token_ids(tokenizer, text), skip_special_tokens=False) == text


def test_every_piece_is_one_token_that_decodes_to_itself() -> None:
    tokenizer = students.tokenizer()
    for piece in trace_pieces(load_taxonomy().names):
        ids = token_ids(tokenizer, piece)
        assert len(ids) == 1, piece
        assert tokenizer.decode(ids, skip_special_tokens=True) == piece


def test_a_trace_of_four_steps_is_short() -> None:
    assert len(token_ids(students.tokenizer(), metabolism_trace().to_json())) <= 100


def test_twins_have_equally_many_tokens() -> None:
    tokenizer = students.tokenizer()
    for example in students.examples():
        twin = mirror(example.trace).to_json()
        assert len(token_ids(tokenizer, example.trace.to_json())) == len(token_ids(tokenizer, twin))


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    tokenizer = students.tokenizer()
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    text = metabolism_trace().to_json()
    assert token_ids(loaded, text) == token_ids(tokenizer, text)
    assert (loaded.pad_token, loaded.eos_token) == ("<|pad|>", "<|end|>")


def test_another_process_trains_the_same_tokenizer(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests import students;"
        "students.tokenizer().save_pretrained(Path(sys.argv[1]))"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True)
    students.tokenizer().save_pretrained(tmp_path / "here")
    name = "tokenizer.json"
    assert (tmp_path / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_schema_matcher_accepts_a_tokenised_trace() -> None:
    tokenizer = students.tokenizer()
    guide = llguidance.hf.from_tokenizer(tokenizer)
    grammar = LLMatcher.grammar_from_json_schema(
        TRACE, defaults={"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
    )
    matcher = LLMatcher(guide, grammar)
    trace = metabolism_trace().to_json()
    json.loads(trace)
    assert matcher.consume_tokens(token_ids(tokenizer, trace))
    assert matcher.is_accepting()
    broken = LLMatcher(guide, grammar)
    assert not broken.consume_tokens(token_ids(tokenizer, trace.replace('"a_to_b"', '"sideways"')))


def test_a_vocabulary_without_room_for_bytes_is_refused() -> None:
    with pytest.raises(TokenizerError, match="vocab_size 300 is too small"):
        train_tokenizer(["text"], 300, trace_pieces(load_taxonomy().names))


def test_a_tokenizer_without_an_end_token_is_refused(tmp_path: Path) -> None:
    tokenizer = students.tokenizer()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer).save_pretrained(tmp_path)
    with pytest.raises(TokenizerError, match="no end-of-sequence token"):
        load_tokenizer(tmp_path)
