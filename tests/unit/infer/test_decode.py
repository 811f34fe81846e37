from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mard.infer.decode import Decoder, Request
from mard.infer.grammar import Limits
from mard.label.taxonomy import load_taxonomy
from mard.lm.form import Form
from mard.lm.tokenizer import token_ids
from mard.mirror import mirror
from mard.schema import DrugEvidence, Family, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib
from tests.students import model, tokenizer
from tests.unit.infer.tiny import decoder

POOL = voriconazole_axitinib()


def requests(count: int = 4, temperature: float = 0.7) -> list[Request]:
    """Two prompts of different length, asked in turn."""
    asked = (("Drug A inhibits CYP3A4.", POOL), ("Drug B.", mirror(POOL)))
    return [
        Request(pool, prompt, temperature, f"test/{number}")
        for number, (prompt, pool) in zip(range(count), asked * count, strict=False)
    ]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return decoder().generate(requests())


def test_every_text_is_a_trace_that_cites_its_own_pool_however_bad_the_model(texts: list[str]) -> None:
    for request, text in zip(requests(), texts, strict=True):
        trace = Trace.from_json(text)
        assert {citation for step in trace.steps for citation in step.citations} <= request.pool.citations


def test_pools_that_look_the_same_in_a_prompt_keep_their_own_citations() -> None:
    """A compact prompt leaves out what only one drug has, and still lets it be cited."""
    bare = replace(POOL, a=DrugEvidence(POOL.a.drug_id, POOL.a.name), neighbours=())
    asked = [Request(pool, "Drug B.", 0.7, f"test/{number}") for number, pool in enumerate((POOL, bare) * 2)]
    for request, row in zip(asked, decoder()._rows(asked, constrained=True), strict=True):
        assert row.reader is not None
        assert row.reader._shown.citable.ids == request.pool.citations


def test_the_same_seed_gives_the_same_text_and_another_seed_does_not(texts: list[str]) -> None:
    assert decoder().generate(requests()) == texts
    assert decoder(seed=2).generate(requests(1)) != texts[:1]


def test_a_sample_does_not_depend_on_its_batch(texts: list[str]) -> None:
    assert decoder(batch_size=1).generate(requests()[:2]) == texts[:2]


def test_greedy_tokens_are_those_of_a_plain_forward_without_a_cache() -> None:
    """Without the grammar, each token is the argmax of the model on the whole text so far."""
    request = requests(1, temperature=0.0)[0]
    text = decoder(max_new_tokens=12).generate([request], constrained=False)[0]
    ids = token_ids(tokenizer(), request.prompt)
    expected = []
    with torch.inference_mode():
        while len(expected) < 12:
            token = int(model()(torch.tensor([ids + expected])).logits[0, -1].argmax())
            if token == tokenizer().eos_token_id:
                break
            expected.append(token)
    assert text == tokenizer().decode(expected, clean_up_tokenization_spaces=False)


def test_without_the_grammar_a_random_model_writes_no_trace() -> None:
    text = decoder().generate(requests(1), constrained=False)[0]
    assert not text.startswith('{"steps"')


def test_a_long_prompt_loses_its_end_not_the_room_for_the_trace() -> None:
    long = replace(requests(1)[0], prompt="Drug A " * 2000)
    short: Decoder = decoder()
    short.max_length = 60
    assert Trace.from_json(short.generate([long])[0])


@pytest.mark.parametrize("family", Family)
def test_a_trace_begins_as_it_is_told_and_argues_on_within_the_grammar(family: Family) -> None:
    form = Form("compact", "first")
    student = replace(decoder(), form=form)
    asked = [replace(each, opening=form.opening(family), temperature=0.0) for each in requests(2)]
    for request, text in zip(asked, student.generate(asked), strict=True):
        trace = form.read(text, request.pool)
        assert trace.final_answer.family is family
        assert trace.final_answer.subtype in load_taxonomy().subtypes(family)


def test_a_cut_trace_that_answered_first_keeps_its_odds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form, told = Form("compact", "first"), (0.4, *(0.1,) * 6)
    student = replace(decoder(), form=form, limits=Limits(claim_words=40, summary_words=80))
    text = form.completion(metabolism_trace(), POOL)

    def scripted(rows, budget) -> None:
        for row in rows:
            row.tokens = token_ids(tokenizer(), '"}' if budget is None else text[: text.index('{"step":3')])
            row.odds = () if budget is None else told
            row.done = budget is None

    monkeypatch.setattr(student, "_decode", scripted)
    (draft,) = student.draw(requests(1))
    assert form.read(draft.text, POOL).final_answer == metabolism_trace().final_answer
    assert draft.odds == told


def test_progress_counts_requests() -> None:
    seen: list[tuple[int, int]] = []
    decoder(batch_size=2).generate(
        requests(3), constrained=False, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(2, 3), (3, 3)]
