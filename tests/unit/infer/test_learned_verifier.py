from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mard.infer.features import columns, features, log_p
from mard.infer.learned_verifier import (
    Verifier,
    fit_choice,
    fit_verifier,
    learned_verifier,
    softmax,
)
from mard.infer.situation import Known, Situation
from mard.schema import Direction, Family, Label, Polarity
from tests.builders import voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, SERUM, greedy_pair, opinion, sample

POOL = voriconazole_axitinib()
PLACE = {family: place for place, family in enumerate(Family)}


def situation(*, votes: int = 1, model: float | None = None) -> Situation:
    """``votes`` of three samples say metabolism, the others bleeding; so do the greedy traces."""
    drawn = [sample(n, DOWN if n < votes else BLEEDING, 0.5) for n in range(3)]
    opinions = {} if model is None else {"trees": opinion(DOWN, model)}
    return Situation([*greedy_pair(BLEEDING), *drawn], POOL, opinions)


def column(name: str, family: Family, asked: Situation, models: tuple[str, ...] = ()) -> float:
    return float(features(asked, models)[PLACE[family], columns(models).index(name)])


def test_features_by_hand() -> None:
    asked = situation(votes=2, model=0.9)
    metabolism = {
        "votes": 2 / 3,
        "greedy": 0.0,
        "odds": 0.0,
        "phi": 2 / 3,
        "best": 0.5,
        "steps": 0.5,
        "weakest": 0.5,
        "last": 0.5,
        "sure": 0.9,
        "faults": 0.0,
        "neighbours": 1.0,  # the pool's one neighbour is of that family
        "nearest": 1.0,
        "likeness": max(each.similarity for each in POOL.neighbours),
        "p trees": 1 - math.log(0.9) / math.log(1e-3),
    }
    for name, value in metabolism.items():
        assert column(name, Family.PK_METABOLISM, asked, ("trees",)) == pytest.approx(value), name
    assert column("greedy", Family.ADVERSE_RISK, asked) == 1.0
    assert column("faults", Family.ADVERSE_RISK, asked) > 0  # its steps argue for metabolism


def test_what_is_not_known_tells_no_family_from_another() -> None:
    shown = features(situation(), ("absent",))
    place = columns(("absent",)).index("p absent")
    assert set(shown[:, place]) == {0.0}
    assert log_p(opinion(DOWN, 1.0), Family.EFFICACY) == 0.0  # nothing is less likely than LEAST


def test_the_fit_is_the_maximum_of_the_posterior() -> None:
    # two choices, one feature that is 1 for the first: 3 of 4 cases choose it. With p = sigmoid(w),
    # the gradient 4 p - 3 + prior w is 0
    shown = np.zeros((4, 2, 1))
    shown[:, 0, 0] = 1.0
    right = np.array([0, 0, 0, 1])
    (free,) = fit_choice(shown, right, prior=1e-9)
    assert free == pytest.approx(math.log(3))
    (bound,) = fit_choice(shown, right, prior=1.0)
    assert 4 / (1 + math.exp(-bound)) - 3 + bound == pytest.approx(0, abs=1e-8)
    assert 0 < bound < free


def test_the_fit_finds_weights_that_made_the_choices() -> None:
    generator = np.random.default_rng(0)
    truth = np.array([3.0, -2.0, 0.0])
    shown = generator.random((4000, 7, 3))
    drawn = [generator.choice(7, p=p) for p in softmax(shown @ truth)]
    assert fit_choice(shown, np.array(drawn), prior=1.0) == pytest.approx(truth, abs=0.25)


def test_it_learns_whom_to_trust() -> None:
    """The minority is right whenever the structural model says so: votes lose, the model wins."""
    cases = [Known(str(n), situation(model=0.9), DOWN) for n in range(20)]
    cases += [Known(str(n), situation(model=0.02), BLEEDING) for n in range(20, 40)]
    fitted = fit_verifier(cases)
    assert fitted.models == ("trees",)
    assert learned_verifier(situation(model=0.9), fitted).answer.label == DOWN
    decision = learned_verifier(situation(model=0.02), fitted)
    assert decision.answer.label == BLEEDING
    likely = fitted.probabilities(situation(model=0.02))
    assert sum(likely.values()) == pytest.approx(1)
    assert decision.answer.confidence == likely[Family.ADVERSE_RISK]
    rest = max(p for family, p in likely.items() if family is not Family.ADVERSE_RISK)
    assert decision.margin == pytest.approx(likely[Family.ADVERSE_RISK] - rest)
    assert Verifier.from_json(json.loads(json.dumps(fitted.to_json(), sort_keys=True))) == fitted


def test_a_family_that_no_candidate_has_is_not_chosen() -> None:
    label = Label(Family.EFFICACY, "therapeutic_efficacy", Direction.A_TO_B, Polarity.DOWN)
    asked = replace(situation(), opinions={"trees": opinion(label, 0.99)})
    certain = Verifier(("trees",), tuple(9.0 * (name == "p trees") for name in columns(("trees",))))
    assert max(certain.probabilities(asked).items(), key=lambda each: each[1])[0] is Family.EFFICACY
    decision = learned_verifier(asked, certain)
    assert decision.answer.family in (Family.PK_METABOLISM, Family.ADVERSE_RISK)
    assert decision.margin == 0.0


def test_within_the_family_the_label_with_the_most_phi_wins() -> None:
    back = replace(DOWN, direction=Direction.B_TO_A)
    candidates = [sample(0, DOWN, 0.4), sample(1, back, 0.3), sample(2, back, 0.3), sample(3, SERUM, 0.9)]
    sure = Verifier((), tuple(9.0 * (name == "neighbours") for name in columns(())))
    assert learned_verifier(Situation(candidates, POOL), sure).answer.label == back


def test_a_model_without_an_opinion_on_some_pair_is_not_used() -> None:
    cases = [Known("1", situation(model=0.9), DOWN), Known("2", situation(), BLEEDING)]
    assert fit_verifier(cases).models == ()
    assert fit_verifier([]) == Verifier()
