from __future__ import annotations

from pathlib import Path

import pytest

from mard.errors import ConfigError, InputError
from mard.register.policy import Margin, Policy, Requirement, decide, load_policy

POLICY = Policy(
    requirements=(Requirement("protocols.warm.student.parse_rate", at_least=1.0),),
    margins=(Margin("warm.macro_f1", 0.05),),
    pairs=60,
)


def evaluation(parse_rate: object = 1.0) -> dict:
    return {"protocols": {"warm": {"student": {"parse_rate": parse_rate}}}}


def figures(macro_f1: object) -> dict:
    return {"warm": {"macro_f1": macro_f1}}


def test_the_first_model_that_meets_the_requirements_reigns() -> None:
    verdict = decide(POLICY, evaluation(), [], figures(0.1), None)
    assert verdict.alias == "champion"


@pytest.mark.parametrize(
    ("challenger", "alias"), [(0.55, "champion"), (0.5499, "challenger"), (0.9, "champion")]
)
def test_a_challenger_may_fall_behind_by_the_margin_and_no_more(challenger: float, alias: str) -> None:
    assert decide(POLICY, evaluation(), [], figures(challenger), figures(0.60)).alias == alias


def test_the_reason_names_both_figures() -> None:
    verdict = decide(POLICY, evaluation(), [], figures(0.4), figures(0.6))
    assert verdict.reason == "warm.macro_f1 0.4 against the champion's 0.6, beyond the margin 0.05"


@pytest.mark.parametrize(
    ("rate", "gates", "reason"),
    [
        (0.99, [], "protocols.warm.student.parse_rate is 0.99, at least 1 is required"),
        ("unscored", [], "protocols.warm.student.parse_rate is unscored"),
        (1.0, ["training_rows on sft"], "gate training_rows on sft failed"),
    ],
)
def test_an_unmet_requirement_or_a_failed_gate_makes_a_challenger(
    rate: object, gates: list[str], reason: str
) -> None:
    verdict = decide(POLICY, evaluation(rate), gates, figures(1.0), None)
    assert (verdict.alias, verdict.reason) == ("challenger", reason)


def test_an_upper_bound_is_a_bound_too() -> None:
    policy = Policy((Requirement("hr", at_most=0.0),), (), 60)
    assert decide(policy, {"hr": 0.0}, [], {}, None).alias == "champion"
    assert decide(policy, {"hr": 0.1}, [], {}, None).reason == "hr is 0.1, at most 0 is allowed"


def test_an_unscored_challenger_loses_and_an_unscored_champion_does_not_win() -> None:
    assert decide(POLICY, evaluation(), [], figures("unscored"), figures(0.5)).alias == "challenger"
    assert decide(POLICY, evaluation(), [], figures(0.5), figures("unscored")).alias == "champion"


def test_a_metric_that_nobody_measures_is_an_error() -> None:
    with pytest.raises(InputError, match=r"protocols\.warm\.student\.parse_rate"):
        decide(POLICY, {"protocols": {}}, [], figures(1.0), None)


def test_the_repositorys_policy_reads() -> None:
    policy = load_policy(Path("mlflow/policy.yaml"))
    assert policy.protocols == ("warm", "pair_cold")
    assert policy.requirements[0] == Requirement("protocols.warm.student.parse_rate", at_least=1.0)


@pytest.mark.parametrize(
    "text", ["requirements: [", "{}", "requirements: [{metrik: x}]\ncontest: {pairs: 1, metrics: []}"]
)
def test_a_broken_policy_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"policy\.yaml: 1 fault: not a registry policy"):
        load_policy(file)
    with pytest.raises(ConfigError, match="no such file"):
        load_policy(tmp_path / "missing.yaml")
