"""The results in one Markdown table, as a README shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from mard.evaluate.statistic import UNSCORED
from mard.schema import Protocol

Metrics = Mapping[str, Any]

HEADLINE: Final = ("macro_f1", "accuracy", "ths")
GREEDY: Final = "greedy"
VARIANTS: Final = {
    "symmetrised": "symmetrised",
    "unabstaining": "never abstaining",
    "hybrid": "with structural models",
}


def results_table(metrics: Metrics) -> str:
    """Baselines and the student by protocol, from the content of ``metrics.json``.

    Single orderings are those of the greedy layer: voting over both orderings of a pair makes its
    answers mirror images by construction.
    """
    protocols = {str(name): metrics["protocols"][name] for name in Protocol if name in metrics["protocols"]}
    rows = [
        ("macro-F1 / accuracy / THS", list(protocols)),
        ("---", ["---"] * len(protocols)),
        *((name, [shown(body) for body in protocols.values()]) for name, shown in _rows(protocols)),
    ]
    return "\n".join(f"| {' | '.join((name, *cells))} |" for name, cells in rows)


def simplest_first(baselines: Iterable[str]) -> list[str]:
    """Names of baselines: votes, then the tiers of structural models."""
    return sorted(baselines, key=lambda name: ("(" in name, name))


def _rows(protocols: Metrics) -> Iterator[tuple[str, Callable[[Metrics], str]]]:
    baselines = {name for body in protocols.values() for name in body["baselines"]}
    for name in simplest_first(baselines):
        yield name, partial(_baseline, name)
    yield "student, raw (greedy)", lambda body: _headline(body["layers"][GREEDY])
    for name, title in VARIANTS.items():
        if any(name in body["variants"] for body in protocols.values()):
            yield f"student, {title}", partial(_variant, name)
    yield "**student, whole stack**", lambda body: _headline(body["student"])
    yield (
        "its macro-F1, 95 % over drugs",
        lambda body: _bounds(body["student"]["intervals"]["macro_f1"]["cluster"]),
    )
    yield (
        "coverage, accuracy when answering",
        lambda body: _all(body["student"], "coverage", "selective_accuracy"),
    )
    yield "MFS, MPS of single orderings", lambda body: _all(body["layers"][GREEDY], "mfs", "mps")
    yield "CSA, HR, parse rate", lambda body: _all(body["student"], "csa", "hr", "parse_rate")


def _baseline(name: str, body: Metrics) -> str:
    return _headline(body["baselines"].get(name, {}))


def _variant(name: str, body: Metrics) -> str:
    return _headline(body["variants"].get(name, {}))


def _headline(figures: Metrics) -> str:
    return " / ".join(_figure(figures.get(name, UNSCORED)) for name in HEADLINE)


def _all(figures: Metrics, *names: str) -> str:
    return ", ".join(_figure(figures[name]) for name in names)


def _bounds(bounds: Any) -> str:
    return UNSCORED if bounds == UNSCORED else f"{_figure(bounds[0])} to {_figure(bounds[1])}"


def _figure(value: Any) -> str:
    """Two decimals; a figure that they would make 0 keeps two digits."""
    if value == UNSCORED:
        return UNSCORED
    return f"{value:.2g}" if 0 < abs(value) < 0.005 else f"{value:.2f}"
