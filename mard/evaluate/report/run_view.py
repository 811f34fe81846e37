"""What the page shows of the run as a whole: gates, training, phases, retrieval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mard.evaluate.report import charts, words
from mard.schema import Protocol

HELD_OUT: Final = "held_out"


def gate_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The 11 gates in order, their findings added up; a gate without findings was not run."""
    for number, (name, meaning) in enumerate(words.GATES, start=1):
        own = [row for row in rows if words.GATE_ALIASES.get(row["gate"], row["gate"]) == name]
        yield {
            "number": number,
            "name": name,
            "meaning": meaning,
            "ran": bool(own),
            "places": ", ".join(dict.fromkeys(row["protocol"] for row in own)),
            "checked": sum(row["checked"] for row in own),
            "violations": sum(row["violations"] for row in own),
        }


def training_view(
    stage: str, values: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A stage's curves, and its held-out figures as a table beside those of other models, then the rest."""
    curves = [
        (title, charts.training(f"{words.STAGES[stage]}: {title}", history, metric))
        for metric, title in words.CURVES[stage].items()
    ]
    groups = {group for group, dot, _ in map(_split, values) if dot}
    measures = sorted(metric for group, _, metric in map(_split, values) if group == HELD_OUT)
    columns = sorted(
        (group for group in groups if any(f"{group}.{metric}" in values for metric in measures)),
        key=lambda group: (group != HELD_OUT, group),
    )
    shown = {f"{group}.{metric}" for group in columns for metric in measures}
    return {
        "title": words.STAGES[stage],
        "curves": [(title, curve) for title, curve in curves if curve],
        "groups": columns,
        "rows": [(each, [_plain(values.get(f"{group}.{each}")) for group in columns]) for each in measures],
        "rest": [(name, _plain(value)) for name, value in sorted(values.items()) if name not in shown],
    }


def _split(name: str) -> tuple[str, str, str]:
    return name.rpartition(".")


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def retrieval_view(protocol: Protocol, rates: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """MOR@k of a protocol, as a table and a figure."""
    title = words.TITLES[protocol]
    ks = sorted(rates["all"], key=int)
    return {"title": title, "ks": ks, "rates": rates, "plot": charts.retrieval(title, rates)}


def variant_order(variant: str) -> tuple[bool, str]:
    """All channels, in proportion and chance first, then each channel left out."""
    return variant not in words.VARIANTS, variant
