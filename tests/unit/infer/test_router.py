from __future__ import annotations

from mard.infer.router import Router, best_model, disagreement, fit_router, router
from mard.infer.situation import Known, Situation
from mard.infer.vote import Decision, self_consistency
from mard.schema import Direction
from tests.builders import voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, SERUM, opinion, sample

POOL = voriconazole_axitinib()


def situation(model: float, votes: int = 2, label=DOWN) -> Situation:
    """Of three samples ``votes`` say bleeding; the model says ``label`` with a probability."""
    drawn = [sample(n, BLEEDING if n < votes else DOWN, confidence=0.9) for n in range(3)]
    return Situation(drawn, POOL, {"trees": opinion(label, model)})


def standing(asked: Situation) -> Decision:
    return self_consistency(asked.candidates)


def test_an_unsure_student_follows_a_sure_model_with_a_trace_of_its_own() -> None:
    # margin (2 - 1) / 3 times confidence 0.9 is 0.3; the model's margin is 0.88 - 0.02
    asked = situation(0.88)
    for below, margin, followed in ((0.31, 0.85, True), (0.3, 0.85, False), (0.31, 0.87, False)):
        made = router(asked, standing(asked), Router("trees", below, margin))
        assert (made.answer.label == DOWN) is followed
    made = router(asked, standing(asked), Router("trees", 0.31, 0.85))
    assert made.trace.final_answer.label == DOWN
    assert made.answer.confidence == 0.88


def test_a_family_that_no_candidate_has_is_answered_by_the_model_alone() -> None:
    asked = situation(0.94, label=SERUM)
    made = router(asked, standing(asked), Router("trees", 1.0, 0.1))
    assert made.answer.label == SERUM
    assert made.candidate == standing(asked).candidate


def test_without_the_model_or_without_a_quarrel_the_decision_stands() -> None:
    asked = situation(0.94, votes=0)
    assert router(asked, standing(asked), Router("trees", 1.0, 0.1)) == standing(asked)
    asked = situation(0.94)
    assert router(asked, standing(asked), Router("other", 1.0, 0.1)) == standing(asked)
    assert router(asked, standing(asked), Router()) == standing(asked)


def test_disagreement_abstains_and_keeps_the_guess() -> None:
    made = disagreement(situation(0.94), standing(situation(0.94)), "trees")
    assert made.answer.abstain
    assert (made.answer.family, made.answer.direction) == (BLEEDING.family, Direction.NONE)
    agreeing = situation(0.94, votes=0)
    assert disagreement(agreeing, standing(agreeing), "trees") == standing(agreeing)
    assert disagreement(agreeing, standing(agreeing), "") == standing(agreeing)


def test_thresholds_follow_the_model_only_where_it_is_right() -> None:
    """Right where its margin is 0.86, wrong where it is 0.3: the least routing lies in between."""
    asked = [situation(0.88), situation(0.4)]
    cases = [Known("1", asked[0], DOWN), Known("2", asked[1], BLEEDING)]
    fitted = fit_router(cases, [standing(each) for each in asked])
    assert fitted == Router("trees", below=0.4, margin=0.8)
    useless = [Known("1", asked[0], BLEEDING)]
    assert fit_router(useless, [standing(asked[0])]) == Router("trees")


def test_the_best_model_judges_every_pair_and_is_right_most_often() -> None:
    both = {"trees": opinion(DOWN, 0.9), "votes": opinion(BLEEDING, 0.9)}
    cases = [Known("1", Situation([], POOL, both), BLEEDING), Known("2", Situation([], POOL, both), BLEEDING)]
    assert best_model(cases) == "votes"
    partial = [*cases, Known("3", Situation([], POOL, {"trees": opinion(DOWN, 0.9)}), BLEEDING)]
    assert best_model(partial) == "trees"
    assert best_model([]) == ""
