from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.dpo.preferences import (
    Kind,
    Preference,
    ScoredTrace,
    build_preferences,
    direction_consistent,
    hard_negative,
    preference_weight,
    symmetry_pair,
)
from mard.label.taxonomy import load_taxonomy
from mard.mirror import mirror
from mard.schema import Direction, Family, FinalAnswer, Label, Polarity, Trace
from tests import students
from tests.builders import METABOLISM_DOWN, metabolism_trace, with_answer

TAXONOMY = load_taxonomy()
EDITS = (Kind.ADVERSE_RISK, Kind.FAMILY_AXIS, Kind.SUBTYPE, Kind.DIRECTION)
PAIR = "DB00582|DB06626"


def edited(kind: Kind, trace: Trace | None = None, gold: Label | None = None, seed: int = 1):
    trace = trace or metabolism_trace()
    gold = gold or trace.final_answer.label
    return hard_negative(PAIR, ScoredTrace(trace, 0.9), kind, gold, TAXONOMY, seed)


def bleeding() -> Trace:
    return with_answer(
        metabolism_trace(),
        family=Family.ADVERSE_RISK,
        subtype="bleeding",
        direction=Direction.BIDIRECTIONAL,
    )


def test_weights_by_hand() -> None:
    assert preference_weight(0.9, 0.3) == pytest.approx(0.6)
    assert preference_weight(0.3, 0.9) == 0  # the reward model prefers the loser: it does not count
    assert preference_weight(1.1, 0.0) == 1


def test_an_unscored_loser_has_no_weight() -> None:
    preference = Preference(PAIR, Kind.SUBTYPE, metabolism_trace(), metabolism_trace(), 0.9)
    with pytest.raises(ValueError, match=r"DB00582\|DB06626, subtype: the losing trace is not scored"):
        _ = preference.weight


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Any answer of the taxonomy, after a summary that quotes an answer of its own."""
    name = draw(st.sampled_from(TAXONOMY.names))
    answer = FinalAnswer(
        TAXONOMY.family_of(name),
        name,
        draw(st.sampled_from([Direction.A_TO_B, Direction.B_TO_A, Direction.BIDIRECTIONAL])),
        draw(st.sampled_from(Polarity)),
        draw(st.floats(0, 1)),
        abstain=False,
    )
    summary = draw(st.sampled_from(["Drug A inhibits Drug B.", 'It says ,"final_answer":{ here — twice.']))
    return replace(metabolism_trace(), summary=summary, final_answer=answer)


@given(traces(), st.sampled_from(EDITS), st.integers(0, 2**32))
def test_an_edit_changes_the_answer_alone_and_stays_valid(trace: Trace, kind: Kind, seed: int) -> None:
    preference = edited(kind, trace, seed=seed)
    if preference is None:  # the only two reasons: it is that family already, or its one subtype
        alone = len(TAXONOMY.subtypes(trace.final_answer.family)) == 1
        is_risk = trace.final_answer.family is Family.ADVERSE_RISK
        assert (kind is Kind.ADVERSE_RISK and is_risk) or (kind is Kind.SUBTYPE and alone)
        return
    for chosen, rejected in (
        (preference.chosen, preference.rejected),
        (mirror(preference.chosen), mirror(preference.rejected)),
    ):
        text, wrong = chosen.to_json().encode(), rejected.to_json().encode()
        before = text.rindex(b',"final_answer":')
        assert wrong[:before] == text[:before]
        assert wrong.rindex(b',"final_answer":') == before
        assert Trace.from_json(wrong.decode()) == rejected
    answer = preference.rejected.final_answer
    assert answer.label != trace.final_answer.label
    assert answer.subtype in TAXONOMY.subtypes(answer.family)


@pytest.mark.parametrize(
    ("kind", "trace", "family"),
    [
        (Kind.ADVERSE_RISK, metabolism_trace(), Family.ADVERSE_RISK),
        (Kind.FAMILY_AXIS, metabolism_trace(), Family.PD_ACTIVITY),
        (Kind.FAMILY_AXIS, bleeding(), Family.PK_METABOLISM),
        (Kind.SUBTYPE, bleeding(), Family.ADVERSE_RISK),
        (Kind.DIRECTION, metabolism_trace(), Family.PK_METABOLISM),
    ],
)
def test_each_edit_does_what_its_name_says(kind: Kind, trace: Trace, family: Family) -> None:
    preference = edited(kind, trace)
    assert preference is not None
    right, wrong = trace.final_answer, preference.rejected.final_answer
    assert wrong.family is family
    assert (wrong.direction != right.direction) == (kind is Kind.DIRECTION)
    assert (wrong.subtype != right.subtype) == (kind is not Kind.DIRECTION)
    assert wrong.polarity is right.polarity


def test_edits_that_do_not_apply() -> None:
    assert edited(Kind.ADVERSE_RISK, bleeding()) is None  # is that family already
    assert edited(Kind.SUBTYPE, metabolism_trace()) is None  # PK_Metabolism has one subtype


def test_a_winner_that_is_not_right_is_not_edited() -> None:
    other = replace(METABOLISM_DOWN, direction=Direction.B_TO_A)
    assert edited(Kind.DIRECTION, gold=other) is None  # the flip would put it right
    abstaining = with_answer(metabolism_trace(), abstain=True, direction=Direction.NONE)
    assert edited(Kind.DIRECTION, abstaining) is None


def test_a_bidirectional_answer_is_made_one_way() -> None:
    made = {
        edited(Kind.DIRECTION, bleeding(), seed=seed).rejected.final_answer.direction for seed in range(20)
    }
    assert made == {Direction.A_TO_B, Direction.B_TO_A}


def test_direction_consistency_reads_steps_and_answer_in_both_orderings() -> None:
    trace = metabolism_trace()
    flipped_answer = with_answer(trace, direction=Direction.B_TO_A)
    wrong_verb = replace(
        trace,
        steps=(
            *trace.steps[:2],
            replace(trace.steps[2], claim="Drug B decreases the metabolism of Drug A."),
            trace.steps[3],
        ),
    )
    for own, expected in ((trace, True), (flipped_answer, False), (wrong_verb, False)):
        assert direction_consistent(own, METABOLISM_DOWN) is expected
        assert direction_consistent(mirror(own), mirror(METABOLISM_DOWN)) is expected


def test_symmetry_takes_the_best_loser_below_the_winner() -> None:
    trace = metabolism_trace()
    wrong = with_answer(trace, direction=Direction.B_TO_A)
    candidates = [
        ScoredTrace(with_answer(wrong, confidence=0.1), 0.2),
        ScoredTrace(with_answer(wrong, confidence=0.2), 0.6),
        ScoredTrace(with_answer(wrong, confidence=0.3), 0.95),  # above the winner: would weigh nothing
        ScoredTrace(trace, 0.7),  # consistent
    ]
    found = symmetry_pair(PAIR, ScoredTrace(trace, 0.9), candidates, METABOLISM_DOWN)
    assert found is not None
    assert found.rejected.final_answer.confidence == 0.2
    assert found.weight == pytest.approx(0.3)
    assert symmetry_pair(PAIR, ScoredTrace(wrong, 0.9), candidates, METABOLISM_DOWN) is None
    assert symmetry_pair(PAIR, ScoredTrace(trace, 0.9), candidates[3:], METABOLISM_DOWN) is None


@given(st.permutations([0.2, 0.6, 0.7, 0.95]), st.integers(0, 3))
def test_the_symmetry_pair_of_the_mirror_is_the_mirror_of_the_symmetry_pair(
    phis: list[float], consistent: int
) -> None:
    trace = metabolism_trace()
    candidates = [
        ScoredTrace(
            with_answer(trace, direction=Direction.A_TO_B if index == consistent else Direction.B_TO_A), phi
        )
        for index, phi in enumerate(phis)
    ]
    found = symmetry_pair(PAIR, ScoredTrace(trace, 0.9), candidates, METABOLISM_DOWN)
    flipped = symmetry_pair(
        PAIR,
        ScoredTrace(mirror(trace), 0.9),
        [ScoredTrace(mirror(each.trace), each.phi) for each in candidates],
        mirror(METABOLISM_DOWN),
    )
    assert found is not None
    assert found.phi_rejected < found.phi_chosen
    assert flipped == replace(found, chosen=mirror(found.chosen), rejected=mirror(found.rejected))


def everything(max_pairs: int, seed: int = 1) -> list[Preference]:
    winners = {each.pair_id: ScoredTrace(each.trace, 0.9) for each in students.examples()}
    gold = {each.pair_id: each.trace.final_answer.label for each in students.examples()}
    return build_preferences(winners, {}, gold, TAXONOMY, kinds=list(Kind), max_pairs=max_pairs, seed=seed)


def test_a_limit_takes_evenly_from_every_kind() -> None:
    assert Counter(each.kind for each in everything(8)) == dict.fromkeys(EDITS, 2)
    whole = Counter(each.kind for each in everything(1000))
    assert whole[Kind.DIRECTION] == 8
    assert whole[Kind.SUBTYPE] == 4  # PK_Metabolism has no second subtype
    assert whole[Kind.ADVERSE_RISK] == 6


def test_a_seed_decides() -> None:
    assert everything(8) == everything(8)
    assert everything(8) != everything(8, seed=2)
