from __future__ import annotations

from dataclasses import replace

from mard.label.taxonomy import load_taxonomy
from mard.lm.form import Form
from mard.lm.tokenizer import trace_pieces, train_tokenizer
from mard.schema import Direction
from mard.sft.dataset import encode_row
from mard.sft.mixture import answers_of, mixed
from tests import students
from tests.builders import with_answer

FORM = Form("compact", "first")


def test_the_share_that_is_learnt_whole_is_drawn_by_pair() -> None:
    example = students.examples()[0]
    pools = [
        replace(example.pool, a=replace(example.pool.a, drug_id=f"DB9{number:04d}")) for number in range(1000)
    ]
    drawn = mixed([replace(example, pool=pool) for pool in pools], 0.4, 7)
    assert 350 < sum(each.whole for each in drawn) < 450
    assert all(each.whole for each in mixed(drawn[:20], 1.0, 7))
    assert not any(each.whole for each in mixed(drawn[:20], 0.0, 7))


def test_every_pair_is_taught_once_by_a_right_trace_or_by_its_label() -> None:
    right, wrong, undrawn, unexplained = students.examples()[:4]
    gold = {each.pair_id: each.trace.final_answer.label for each in students.examples()[:4]}
    wrong = replace(wrong, trace=with_answer(wrong.trace, direction=Direction.BIDIRECTIONAL))
    pools = {each.pair_id: each.pool for each in (right, wrong, undrawn, unexplained)}
    taught = answers_of(pools, gold, [right, wrong, replace(undrawn, whole=False)])
    assert [each.pair_id for each in taught] == list(pools)
    assert taught[0] is right
    assert [each.whole for each in taught] == [True, False, False, False]
    assert {each.pair_id: each.trace.final_answer.label for each in taught} == gold


def test_a_label_alone_is_what_a_whole_row_of_the_same_pair_begins_with() -> None:
    example = students.examples()[0]
    corpus = [FORM.evidence(example.pool), FORM.completion(example.trace, example.pool)]
    tokenizer = train_tokenizer(corpus, 1024, trace_pieces(load_taxonomy().names, FORM))
    whole, alone = (
        encode_row(tokenizer, example.pool, example.trace, masked=False, form=FORM, whole=whole)
        for whole in (True, False)
    )
    assert whole.input_ids[: len(alone.input_ids)] == alone.input_ids
    assert tokenizer.eos_token_id not in alone.input_ids
    assert (alone.completion, alone.direction) == (whole.completion, whole.direction)
    assert alone.answer_end == len(alone.input_ids) == whole.answer_end - 2  # confidence, abstain
