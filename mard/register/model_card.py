"""The model card: what the model is for, where it comes from, how well it does, and its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

METRICS: Final = ("macro_f1", "accuracy", "ths", "mfs", "mps", "csa", "hr", "ece", "coverage")


def render_card(
    template: Path, facts: Mapping[str, Any], metrics: Mapping[str, Any], gates: Sequence[Mapping[str, Any]]
) -> str:
    """Fill the template.

    Args:
        template: ``mlflow/model_card.md.jinja``.
        facts: name, version, release, taxonomy_version, subtypes, student, layers.
        metrics: ``evaluate/metrics.json``.
        gates: Rows of every ``gates.json``.
    """
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)  # noqa: S701
    protocols = {name: _table(figures) for name, figures in metrics["protocols"].items()}
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(**facts, protocols=protocols, gates=gates, metrics=METRICS)


def _table(figures: Mapping[str, Any]) -> dict[str, Any]:
    systems = {"this model": figures["student"]}
    systems |= {f"layer {name}": values for name, values in figures.get("layers", {}).items()}
    systems |= {f"baseline {name}": values for name, values in figures.get("baselines", {}).items()}
    return {
        "pairs": figures["pairs"],
        "systems": {
            name: {metric: _cell(values, metric) for metric in METRICS} for name, values in systems.items()
        },
    }


def _cell(values: Mapping[str, Any], metric: str) -> str:
    value = values.get(metric)
    if not isinstance(value, int | float):
        return "–"
    interval = values.get("intervals", {}).get(metric, {}).get("cluster")
    spread = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if isinstance(interval, list) else ""
    return f"{value:.3f}{spread}"
