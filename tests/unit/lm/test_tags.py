from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from mard.errors import TokenizerError
from mard.lm.form import Form
from mard.lm.tags import (
    DIRECTIONS,
    MIRRORED_TAGS,
    answer_positions,
    direction_tag_ids,
    single_token,
)
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from tests import students
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer


def bytes_only() -> PreTrainedTokenizerFast:
    """Byte by byte: "b_to_a" and "bidirectional" begin with the same token."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=258, initial_alphabet=alphabet, special_tokens=["<e>"], show_progress=False
    )
    backend.train_from_iterator([], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<e>")


def test_the_four_tags_are_four_tokens() -> None:
    tokenizer = students.tokenizer()
    ids = direction_tag_ids(tokenizer)
    assert [tokenizer.decode([token]) for token in ids] == [str(tag) for tag in DIRECTIONS]


def test_colliding_tags_are_named() -> None:
    with pytest.raises(TokenizerError, match=r"b_to_a and bidirectional collide: both begin with token"):
        direction_tag_ids(bytes_only())


def test_the_permutation_is_the_involution() -> None:
    assert [DIRECTIONS[index] for index in MIRRORED_TAGS] == [mirror(tag) for tag in DIRECTIONS]


@pytest.mark.parametrize("tag", DIRECTIONS)
def test_positions_point_at_the_answer(tag: str) -> None:
    tokenizer = students.tokenizer()
    text = with_answer(metabolism_trace(), direction=tag).to_json()
    encoded = tokenizer(text, return_offsets_mapping=True)
    places = answer_positions(text, encoded["offset_mapping"])
    said = [tokenizer.decode([token]) for token in encoded["input_ids"]]
    assert said[places.final_answer] == '","final_answer":{"family":"'
    assert said[places.family] == "PK_Metabolism"
    assert said[places.subtype] == "metabolism"
    assert said[places.direction] == str(tag)


def test_positions_are_those_of_the_answer_and_not_of_a_claim() -> None:
    tokenizer = bytes_only()
    trace = metabolism_trace()
    text = trace.to_json().replace("a_to_b.", 'a_to_b, \\"direction\\":\\"b_to_a.')
    encoded = tokenizer(text, return_offsets_mapping=True)
    places = answer_positions(text, encoded["offset_mapping"])
    assert tokenizer.decode(encoded["input_ids"][places.direction :]).startswith('a_to_b","polarity"')
    assert tokenizer.decode(encoded["input_ids"][places.family :]).startswith('PK_Metabolism","subtype"')


def test_single_token_refuses_what_is_split() -> None:
    tokenizer = students.tokenizer()
    assert [single_token(tokenizer, "+")] == token_ids(tokenizer, "+")
    with pytest.raises(TokenizerError, match="is 2 tokens"):
        single_token(tokenizer, "+~")


def test_an_answer_that_comes_first_ends_before_the_steps() -> None:
    tokenizer, form = students.tokenizer(), Form("brief", "first")
    text = form.completion(metabolism_trace(), voriconazole_axitinib())
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    places = answer_positions(text, offsets)
    assert text[offsets[places.direction][0] :].startswith("a_to_b")
    end = offsets[places.end - 1][1]
    assert '"abstain":false}' in text[:end]
    assert '"role"' not in text[:end]
