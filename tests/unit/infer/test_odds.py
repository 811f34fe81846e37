from __future__ import annotations

from functools import cache

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from mard.infer.odds import FamilyTokens
from mard.label.taxonomy import load_taxonomy
from mard.lm.form import BRIEF, Form
from mard.lm.tokenizer import token_ids, trace_pieces, train_tokenizer
from mard.schema import Family
from tests.builders import metabolism_trace, voriconazole_axitinib

FORMS = [BRIEF, Form("compact", "first")]
POOL = voriconazole_axitinib()


@cache
def tokenizer(form: Form) -> PreTrainedTokenizerBase:
    corpus = [form.evidence(POOL), form.completion(metabolism_trace(), POOL)]
    return train_tokenizer(corpus, 1400, trace_pieces(load_taxonomy().names, form))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_family_is_told_by_the_token_after_what_precedes_it_in_either_form(form: Form) -> None:
    families = FamilyTokens.of(tokenizer(form), form)
    assert families is not None
    ids = token_ids(tokenizer(form), form.completion(metabolism_trace(), POOL))
    place = list(Family).index(Family.PK_METABOLISM)
    assert ids[ids.index(families.before) + 1] == families.families[place]


def test_a_tokenizer_of_the_other_form_tells_no_odds() -> None:
    assert FamilyTokens.of(tokenizer(BRIEF), FORMS[1]) is None


def test_odds_are_the_softmax_over_the_seven_alone() -> None:
    logits = torch.zeros(1, 9)
    logits[0, 8] = 50.0  # no family's token
    logits[0, 1] = torch.log(torch.tensor(4.0))
    families = FamilyTokens(before=7, families=tuple(range(7)))
    assert families.odds(logits) == [(0.1, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1)]
