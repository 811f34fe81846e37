from __future__ import annotations

from dataclasses import replace

import pytest

from mard.dpo.dataset import is_flipped, preference_rows, score_losers
from mard.dpo.preferences import Kind, Preference
from mard.lm.prompt import build_prompt
from mard.mirror import mirror
from mard.prm.reward import min_plus, trace_score
from mard.prm.score import Prm
from mard.schema import Direction, Pool
from tests import students
from tests.builders import with_answer

POOLS = {each.pair_id: each.pool for each in students.examples()}


def pool_of(pair_id: str) -> Pool:
    return POOLS[pair_id]


def preferences() -> list[Preference]:
    return [
        Preference(
            each.pair_id,
            Kind.DIRECTION,
            each.trace,
            with_answer(each.trace, direction=Direction.NONE),
            phi_chosen=0.9,
            phi_rejected=0.4,
        )
        for each in students.examples()
    ]


def test_losers_without_a_score_get_theirs_and_the_others_keep_it() -> None:
    prm = Prm(students.model(), students.tokenizer(), max_length=512)
    known, unknown = preferences()[0], replace(preferences()[1], phi_rejected=None)
    first, second = score_losers([known, unknown], prm, pool_of, phi=trace_score("min_plus", 0.1))
    assert first == known
    prompt, _ = students.prompts()[1]
    (scores,) = prm.score([(prompt, unknown.rejected)])
    assert second.phi_rejected == pytest.approx(min_plus(scores, 0.1))


def test_rows_are_asked_in_either_order() -> None:
    tokenizer = students.tokenizer()
    rows = preference_rows(preferences(), tokenizer, pool_of, max_length=512, seed=1)
    flips = [is_flipped(each, 1) for each in preferences()]
    assert {True, False} == set(flips)
    for preference, row, flip in zip(preferences(), rows, flips, strict=True):
        pool, chosen = pool_of(preference.pair_id), preference.chosen
        assert row.prompt == build_prompt(tokenizer, mirror(pool) if flip else pool)
        assert row.chosen == (mirror(chosen) if flip else chosen).to_json()
        assert row.weight == pytest.approx(0.5)


def test_half_of_many_are_flipped() -> None:
    many = [replace(preferences()[0], pair_id=f"DB{number:05d}|DB99999") for number in range(2000)]
    assert 0.46 < sum(is_flipped(each, 1) for each in many) / 2000 < 0.54


def test_rows_that_are_too_long_are_left_out() -> None:
    assert preference_rows(preferences(), students.tokenizer(), pool_of, max_length=100, seed=1) == []
