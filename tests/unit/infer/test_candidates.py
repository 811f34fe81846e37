from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mard.infer.candidates import Candidate, Question, Support, faults, propose, sample, score, support
from mard.infer.decode import Draft
from mard.infer.vote import parsed, voters
from mard.judge.case import Case
from mard.lm.form import BRIEF, Form
from mard.mirror import mirror
from mard.prm.reward import trace_score
from mard.prm.score import Prm
from mard.schema import Direction, Family, Step, StepRole, Trace
from tests import students
from tests.builders import metabolism_trace, voriconazole_axitinib, with_answer
from tests.unit.infer.tiny import decoder

POOL = voriconazole_axitinib()
QUESTIONS = [Question("warm/1", POOL), Question("warm/2", mirror(POOL))]


class Scripted:
    """A decoder that always argues that its own Drug A acts."""

    tokenizer = students.tokenizer()
    form = BRIEF

    def draw(self, requests, *, constrained, on_progress) -> list[Draft]:
        self.requests = requests
        text = metabolism_trace().to_json() if constrained else "not a trace"
        return [Draft(text, (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)) for _ in requests]


def test_half_of_the_samples_are_asked_flipped_and_told_in_canonical_order() -> None:
    scripted = Scripted()
    found = sample(scripted, QUESTIONS, samples=3, temperature=0.7)
    plan = [("ab", None), ("ba", None), ("ab", 0), ("ba", 1), ("ab", 2)]
    assert [[(each.ordering, each.index) for each in own] for own in found] == [plan, plan]
    for request, (ordering, index) in zip(scripted.requests, plan * 2, strict=True):
        assert request.temperature == (0.0 if index is None else 0.7)
        assert request.name.endswith(f"/{ordering}/{'greedy' if index is None else index}")
    for each in found[0]:
        acts = Direction.A_TO_B if each.ordering == "ab" else Direction.B_TO_A
        assert each.trace is not None
        assert each.trace.final_answer.direction is acts
    assert scripted.requests[1].pool == mirror(POOL)


@pytest.mark.parametrize("form", [BRIEF, Form("compact", "first")], ids=["brief", "compact"])
def test_a_flipped_trace_cites_what_it_cited_in_the_order_it_was_asked_in(form: Form) -> None:
    """Asked as BA, a student that calls codes by rank means B's first code by "A:ATC:1"."""

    class Citing(Scripted):
        def draw(self, requests, **_) -> list[Draft]:
            cited = [f"A:ATC:{request.pool.a.atc[0]}" for request in requests]
            traces = [
                replace(
                    metabolism_trace(),
                    steps=tuple(replace(step, citations=(each,)) for step in metabolism_trace().steps),
                )
                for each in cited
            ]
            return [
                Draft(form.completion(trace, request.pool))
                for trace, request in zip(traces, requests, strict=True)
            ]

    citing = Citing()
    citing.form = form
    ab, ba = sample(citing, QUESTIONS[:1], samples=0, temperature=0.0)[0]
    assert {each for step in ab.trace.steps for each in step.citations} == {"A:ATC:J02AC03"}
    assert {each for step in ba.trace.steps for each in step.citations} == {"B:ATC:L01EK01"}
    assert faults(POOL, [ab, ba]).foreign == 0


def test_every_sample_has_a_random_stream_of_its_own() -> None:
    scripted = Scripted()
    sample(scripted, QUESTIONS, samples=4, temperature=0.7)
    names = [request.name for request in scripted.requests]
    assert len(set(names)) == len(names) == 12


def test_a_text_that_is_no_trace_is_kept_as_such() -> None:
    found = sample(Scripted(), QUESTIONS, samples=0, temperature=0.0, constrained=False)
    assert [each.trace for own in found for each in own] == [None] * 4


def test_candidates_survive_json() -> None:
    scored = Candidate("ba", 3, metabolism_trace(), (0.5, 0.25), 0.275, (0.4, *(0.1,) * 6))
    broken = Candidate("ab", None, None)
    proposed = Candidate("ab", 0, metabolism_trace(), proposed=True)
    for each in (scored, broken, proposed):
        assert Candidate.from_row(json.loads(json.dumps(each.to_row()))) == each


class Opening(Scripted):
    """A decoder that answers first, for the family that it is told to begin with."""

    form = Form("brief", "first")

    def draw(self, requests, **_) -> list[Draft]:
        self.requests = requests
        families = [next(each for each in Family if f'"{each}' in request.opening) for request in requests]
        return [
            Draft(self.form.completion(with_answer(metabolism_trace(), family=family), request.pool))
            for request, family in zip(requests, families, strict=True)
        ]


def test_the_likeliest_families_that_no_greedy_trace_has_get_a_trace_each() -> None:
    # AdverseRisk has (.5 + .1) / 2, PK_Metabolism (.2 + .5) / 2, Efficacy (.2 + .3) / 2, PD_Activity .1.
    places = list(Family)

    def odds(**p: float) -> tuple[float, ...]:
        return tuple(p.get(family.name, 0.0) for family in places)

    ab = Candidate(
        "ab", None, metabolism_trace(), odds=odds(ADVERSE_RISK=0.5, PK_METABOLISM=0.2, EFFICACY=0.2)
    )
    ba = Candidate(
        "ba", None, metabolism_trace(), odds=odds(ADVERSE_RISK=0.1, PK_METABOLISM=0.5, EFFICACY=0.3)
    )
    opening = Opening()
    found = propose(opening, QUESTIONS, [[ab, ba], [ab]], most=2)
    told = [[parsed(each).final_answer.family for each in own] for own in found]
    assert told == [[Family.ADVERSE_RISK, Family.EFFICACY]] * 2
    assert all(each.proposed and each.ordering == "ab" and not each.odds for own in found for each in own)
    assert {request.temperature for request in opening.requests} == {0.0}
    assert voters([ab, ba, *found[0]]) == [ab, ba], "a proposal has no vote"


def test_without_odds_nothing_is_proposed() -> None:
    assert propose(Opening(), QUESTIONS, [[Candidate("ab", None, metabolism_trace())], []], most=2) == [
        [],
        [],
    ]


class Counting(Prm):
    """Scores every step with 1 / (1 + its number), and counts what it is asked."""

    def score(self, items, **_) -> list[list[float]]:
        self.asked.extend(items)
        return [[1 / (number + 1) for number in range(1, len(trace.steps) + 2)] for _, trace in items]


def test_equal_traces_are_scored_once_and_phi_is_min_plus() -> None:
    prm = Counting(students.model(), students.tokenizer(), 512)
    object.__setattr__(prm, "asked", [])
    flipped_back = Candidate("ba", 1, metabolism_trace())
    own = [Candidate("ab", 0, metabolism_trace()), flipped_back, Candidate("ab", 2, None)]
    (found,) = score(prm, QUESTIONS[:1], [own], phi=trace_score("min_plus", 0.1), batch_size=8)
    assert len(prm.asked) == 1
    # five scores 1/2 to 1/6: the least is the last, 1/6 + 0.1 / 6
    assert found[0].step_scores == (1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6)
    assert found[0].phi == found[1].phi == pytest.approx(1.1 / 6)
    assert found[2].step_scores == ()


def test_support_counts_citations_and_the_claims_that_carry_the_family() -> None:
    # steps 3 and 4 argue for metabolism; 1 + 2 + 2 + 1 citations
    assert support(metabolism_trace(), Case.of(POOL)) == Support(6, 6, 2, 2)
    *steps, last = metabolism_trace().steps
    foreign = replace(last, citations=("nbr:DB00001|DB00002",))
    trace = replace(metabolism_trace(), steps=(*steps, foreign))
    assert support(trace, Case.of(POOL)) == Support(6, 5, 2, 1)


def test_a_step_that_argues_for_another_family_is_no_claim_for_this_one() -> None:
    risk = Step(1, StepRole.PROTEIN, "Drug A increases the risk of bleeding with Drug B.", ("A:P08684",))
    trace = replace(metabolism_trace(), steps=(risk, *metabolism_trace().steps[1:]))
    assert support(trace, Case.of(POOL)).claims == 2


def test_a_real_decoder_answers_real_questions() -> None:
    (own,) = sample(decoder(), QUESTIONS[:1], samples=1, temperature=0.7)
    assert all(isinstance(each.trace, Trace) for each in own)
    for each in own:
        assert sum(each.p(family) for family in Family) == pytest.approx(1, abs=1e-5)
        if each.index is None:  # a greedy trace names the family that is likeliest
            assert each.trace.final_answer.family is max(Family, key=each.p)
