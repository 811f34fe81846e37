from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mard.lm.prompt import build_prompt
from mard.schema import Family
from mard.sft.dataset import (
    IGNORED,
    MirrorBatch,
    encode_examples,
    encode_row,
    is_masked,
    sample_weights,
)
from tests import students
from tests.builders import with_answer


def encoded(dropout: float = 0.0, max_length: int = 512):
    return encode_examples(
        students.examples(),
        students.tokenizer(),
        max_length=max_length,
        identity_dropout=dropout,
        seed=1,
    )


def test_a_row_is_prompt_completion_and_end_with_the_answer_found() -> None:
    tokenizer, example = students.tokenizer(), students.examples()[0]
    row = encode_row(tokenizer, example.pool, example.trace, masked=False)
    assert tokenizer.decode(row.input_ids[: row.completion]) == build_prompt(tokenizer, example.pool)
    completion = row.input_ids[row.completion :]
    assert completion[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(completion[:-1]) == example.trace.to_json()
    assert tokenizer.decode([row.input_ids[row.direction]]) == "a_to_b"
    assert tokenizer.decode([row.input_ids[row.family]]) == "PK_Metabolism"
    assert tokenizer.decode([row.input_ids[row.subtype]]) == "metabolism"
    assert tokenizer.decode([row.input_ids[row.final_answer]]).startswith('","final_answer"')


def test_a_twin_is_the_mirror_image() -> None:
    tokenizer = students.tokenizer()
    for example, pair in zip(students.examples(), encoded(), strict=True):
        pool, trace = students.flipped(example)
        twin = tokenizer.decode(pair.ba.input_ids[:-1])
        assert twin == build_prompt(tokenizer, pool) + trace.to_json()
        assert pair.pair_id == example.pair_id


def test_identity_dropout_hides_both_orderings_of_its_share() -> None:
    tokenizer = students.tokenizer()
    for example, pair in zip(students.examples(), encoded(dropout=0.5), strict=True):
        names = (example.pool.a.name, example.pool.b.name, example.pool.a.drug_id, example.pool.b.drug_id)
        shown = {any(name in tokenizer.decode(row.input_ids) for name in names) for row in (pair.ab, pair.ba)}
        assert shown == {not is_masked(example.pair_id, 0.5, 1)}
    share = sum(is_masked(f"DB{number:05d}|DB99999", 0.3, 1) for number in range(2000)) / 2000
    assert 0.27 < share < 0.33
    assert not is_masked("DB00001|DB00002", 0.0, 1)


def test_weights_by_hand() -> None:
    first, second, *_ = students.examples()
    rare = replace(second, trace=with_answer(second.trace, family=Family.EFFICACY))
    # Three of one family and one of another, all with audit weight 1 but the last (0.5):
    # 1/sqrt(3) = .5774 three times and 1; mean .6830; so .8453 three times and 1.4641 * 0.5.
    weights = sample_weights([first, first, first, replace(rare, audit_weight=0.5)])
    assert weights == pytest.approx([0.84529, 0.84529, 0.84529, 0.73205], abs=1e-5)


def test_equal_families_weigh_the_same() -> None:
    assert sample_weights([students.examples()[0]] * 3) == pytest.approx([1, 1, 1])
    assert sample_weights([]) == []


def test_too_long_a_pair_is_left_out_whole() -> None:
    lengths = sorted(pair.length for pair in encoded())
    kept = encoded(max_length=lengths[2])
    assert 3 <= len(kept) < len(lengths)
    assert all(len(row.input_ids) <= lengths[2] for pair in kept for row in (pair.ab, pair.ba))


def test_twins_are_neighbours_in_a_batch_and_labels_are_shifted() -> None:
    tokenizer = students.tokenizer()
    pairs = encoded()[:3]
    batch = MirrorBatch.of(pairs, tokenizer.pad_token_id)
    rows = [row for pair in pairs for row in (pair.ab, pair.ba)]
    first = batch.input_ids.shape[1] - batch.labels.shape[1]
    for index, row in enumerate(rows):
        ids = batch.input_ids[index]
        assert ids[: len(row.input_ids)].tolist() == row.input_ids
        assert (ids[len(row.input_ids) :] == tokenizer.pad_token_id).all()
        known = (batch.labels[index] != IGNORED).nonzero().flatten()
        assert batch.labels[index, known].tolist() == row.input_ids[row.completion :]
        assert known[0] + first == row.completion - 1  # predicted from the position before
        assert batch.labels[index, batch.direction[index]] == row.input_ids[row.direction]
        assert batch.labels[index, batch.subtype[index]] == row.input_ids[row.subtype]
        assert batch.labels[index, batch.family[index]] == row.input_ids[row.family]
        assert batch.labels[index, batch.final_answer[index]] == row.input_ids[row.final_answer]
    assert torch.equal(batch.weight, torch.tensor([pair.weight for pair in pairs]))


def test_an_answer_that_comes_first_can_have_a_share_of_its_own() -> None:
    tokenizer, pairs = students.tokenizer(), encoded()[:1]
    plain = MirrorBatch.of(pairs, tokenizer.pad_token_id)
    shared = MirrorBatch.of(pairs, tokenizer.pad_token_id, answer_share=0.5)
    row = pairs[0].ab
    answer = slice(plain.final_answer[0], plain.answer_end[0])
    length, tokens = len(row.input_ids) - row.completion, row.answer_end - row.final_answer
    assert plain.share.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert plain.share[0, answer].tolist() == pytest.approx([1 / length] * tokens)
    assert shared.share.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert shared.share[0, answer].sum().item() == pytest.approx(0.5)
    assert shared.share[plain.labels == IGNORED].sum() == 0


def test_a_completion_that_is_all_answer_has_nothing_to_share() -> None:
    tokenizer, (pair, *_) = students.tokenizer(), encoded()
    bare = replace(pair, ab=replace(pair.ab, final_answer=pair.ab.completion))
    batch = MirrorBatch.of([bare], tokenizer.pad_token_id, answer_share=0.1)
    known = batch.labels[0] != IGNORED
    assert batch.share[0, known].tolist() == pytest.approx([1 / int(known.sum())] * int(known.sum()))
