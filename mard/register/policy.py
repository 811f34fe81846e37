"""Who becomes champion: requirements, gates, and no loss to the reigning champion beyond a margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from mard.errors import ConfigError, InputError

Alias = Literal["champion", "challenger"]
Figures = Mapping[str, Any]

_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound on a figure of the evaluation, named by its dotted path."""

    metric: str
    at_least: float = float("-inf")
    at_most: float = float("inf")


@dataclass(frozen=True, slots=True)
class Margin:
    """How much a challenger may fall behind the champion on ``protocol.metric``."""

    metric: str
    margin: float


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``mlflow/policy.yaml`` says.

    Attributes:
        requirements: Bounds that hold without any comparison.
        margins: What is compared with the champion.
        pairs: Test pairs of each protocol on which both are compared.
    """

    requirements: tuple[Requirement, ...]
    margins: tuple[Margin, ...]
    pairs: int

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that the comparison needs."""
        return tuple(dict.fromkeys(each.metric.partition(".")[0] for each in self.margins))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The alias, and why in one line."""

    alias: Alias
    reason: str


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        ConfigError: It is missing, not YAML, or not of this shape.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Policy(
            requirements=tuple(Requirement(**each) for each in data["requirements"]),
            margins=tuple(Margin(**each) for each in data["contest"]["metrics"]),
            pairs=int(data["contest"]["pairs"]),
        )
    except FileNotFoundError as error:
        raise ConfigError(str(path), ["no such file"]) from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(str(path), [f"not a registry policy ({problem})"]) from error


def decide(
    policy: Policy,
    evaluation: Figures,
    failed_gates: Sequence[str],
    challenger: Figures,
    champion: Figures | None,
) -> Verdict:
    """Give the alias.

    Args:
        policy: The rules.
        evaluation: The challenger's evaluation, nested as in ``metrics.json``.
        failed_gates: Gates with violations, as ``gate on protocol``.
        challenger: Its figures on the contest's pairs, by protocol and metric.
        champion: The champion's on the same pairs, or None where nobody reigns.

    Raises:
        InputError: A figure that the policy names does not exist.
    """
    faults = [f"gate {gate} failed" for gate in failed_gates]
    faults += _unmet(policy, evaluation)
    if champion is not None:
        faults += _lost(policy, challenger, champion)
    if faults:
        return Verdict("challenger", "; ".join(faults))
    if champion is None:
        return Verdict("champion", "meets every requirement and no champion reigns")
    return Verdict(
        "champion",
        "meets every requirement and stands its ground: " + _standing(policy, challenger, champion),
    )


def _unmet(policy: Policy, evaluation: Figures) -> Iterator[str]:
    for need in policy.requirements:
        value = figure(evaluation, need.metric)
        if value is None:
            yield f"{need.metric} is unscored"
        elif value < need.at_least - _TOLERANCE:
            yield f"{need.metric} is {value:.4g}, at least {need.at_least:g} is required"
        elif value > need.at_most + _TOLERANCE:
            yield f"{need.metric} is {value:.4g}, at most {need.at_most:g} is allowed"


def _lost(policy: Policy, challenger: Figures, champion: Figures) -> Iterator[str]:
    for each in policy.margins:
        own, other = figure(challenger, each.metric), figure(champion, each.metric)
        if own is None or (other is not None and own < other - each.margin - _TOLERANCE):
            yield f"{_against(each.metric, own, other)}, beyond the margin {each.margin:g}"


def _standing(policy: Policy, challenger: Figures, champion: Figures) -> str:
    names = [each.metric for each in policy.margins]
    return ", ".join(_against(name, figure(challenger, name), figure(champion, name)) for name in names)


def _against(metric: str, own: float | None, other: float | None) -> str:
    return f"{metric} {_shown(own)} against the champion's {_shown(other)}"


def figure(figures: Figures, path: str) -> float | None:
    """The number at a dotted path, or None where it is unscored.

    Raises:
        InputError: There is nothing at that path.
    """
    value: Any = figures
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise InputError(f"the registry policy asks for {path!r}, which the evaluation does not have")
        value = value[key]
    return float(value) if isinstance(value, int | float) else None


def _shown(value: float | None) -> str:
    return "unscored" if value is None else f"{value:.4g}"
