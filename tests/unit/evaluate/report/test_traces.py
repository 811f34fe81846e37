from __future__ import annotations

from dataclasses import replace

from mard.evaluate.report.traces import NOT_IN_POOL, Names, WorkedTrace, anchor, choose, explain
from mard.schema import Direction, Family, Polarity, Step, StepRole
from tests.builders import METABOLISM_DOWN, metabolism_trace, voriconazole_axitinib

NAMES = Names({"DB00582": "Voriconazole", "DB11679": "Fruquintinib"}, {"P08684": "CYP3A4"})
RIGHT = WorkedTrace(
    protocol="warm",
    pool=voriconazole_axitinib(),
    trace=metabolism_trace(),
    step_scores=(0.9, 0.8, 0.9, 0.7, 0.6),
    answer=METABOLISM_DOWN,
    abstain=False,
    confidence=0.9,
    gold=METABOLISM_DOWN,
)


def test_every_citation_is_explained_once_in_order() -> None:
    told = dict(explain(RIGHT, NAMES))
    assert list(told) == ["A:cyp3a4_inh", "B:cyp3a4_sub", "B:P08684", "nbr:DB00582|DB11679"]
    assert told["A:cyp3a4_inh"] == "Voriconazole inhibits CYP3A4"
    assert told["B:P08684"] == "CYP3A4 (UniProt P08684) is enzyme of Axitinib"
    assert "Fruquintinib" in told["nbr:DB00582|DB11679"]


def test_a_citation_that_is_not_in_the_pool_is_called_out() -> None:
    made_up = Step(1, StepRole.PK_FLAG, "Drug B inhibits CYP2D6.", ("B:cyp2d6_inh",))
    trace = replace(RIGHT.trace, steps=(made_up, *RIGHT.trace.steps[1:]))
    assert dict(explain(replace(RIGHT, trace=trace), NAMES))["B:cyp2d6_inh"] == NOT_IN_POOL


def test_the_verdict_is_about_the_triple_and_not_the_polarity() -> None:
    answer = RIGHT.answer
    assert RIGHT.verdict == "right"
    assert replace(RIGHT, answer=replace(answer, polarity=Polarity.UP)).verdict == "right"
    assert replace(RIGHT, answer=replace(answer, direction=Direction.B_TO_A)).verdict == "partly"
    assert replace(RIGHT, answer=replace(answer, family=Family.EFFICACY)).verdict == "wrong"


def test_the_score_of_the_answer_is_the_one_after_the_steps() -> None:
    assert RIGHT.answer_score == 0.6
    assert replace(RIGHT, step_scores=()).answer_score is None


def test_the_choice_shows_every_protocol_and_verdict_before_it_repeats_one() -> None:
    wrong = replace(RIGHT, answer=replace(METABOLISM_DOWN, family=Family.EFFICACY))
    supply = [
        RIGHT,
        RIGHT,
        RIGHT,
        wrong,
        *(replace(trace, protocol="pair_cold") for trace in (RIGHT, RIGHT, wrong)),
    ]
    shown = [(trace.protocol, trace.verdict) for trace in choose(supply, 4)]
    assert shown == [("warm", "right"), ("pair_cold", "wrong"), ("warm", "wrong"), ("pair_cold", "right")]
    assert len(choose(supply, 99)) == len(supply)


def test_anchors_are_html_ids_and_tell_citations_apart() -> None:
    ids = [
        anchor(3, citation)
        for citation in ("A:P08684", "B:P08684", "nbr:DB1|DB2", "nbr:DB1-DB2", "A:ATC:L01")
    ]
    assert len(set(ids)) == len(ids)
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in ids)
