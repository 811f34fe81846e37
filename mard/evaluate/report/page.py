"""From figures to one HTML page: view values for the template, and nothing that the figures do not say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from mard.evaluate.protocol import HEADLINE
from mard.evaluate.report import charts, words
from mard.evaluate.report.plot import Range
from mard.evaluate.report.traces import NOT_IN_POOL, Names, WorkedTrace, anchor, explain
from mard.evaluate.statistic import UNSCORED
from mard.schema import Direction, Family, Protocol

VOTE: Final = "neighbour vote"
HELD_OUT: Final = "held_out"
DARKEST: Final = (8, 69, 126)


@dataclass(frozen=True)
class Report:
    """All that the page shows.

    Attributes:
        metrics: The content of ``metrics.json``.
        facts: Name and value of what the run was.
        histories: What training logged, by stage: rows of ``step`` and metrics.
        traces: Worked traces.
        names: What ids are called.
        commit: The code that made it.
    """

    metrics: Mapping[str, Any]
    facts: Sequence[tuple[str, str]]
    histories: Mapping[str, Sequence[Mapping[str, Any]]]
    traces: Sequence[WorkedTrace]
    names: Names
    commit: str


def render_page(report: Report) -> str:
    """The page, with everything in it: no other file, no network."""
    metrics = report.metrics
    protocols = [_protocol(protocol, metrics["protocols"][protocol]) for protocol in Protocol]
    page = _environment().get_template("report.html.jinja").render(
        css=Markup(_packaged("report.css")),  # noqa: S704 (our own file)
        release=metrics["release"],
        facts=report.facts,
        commit=report.commit,
        protocols=protocols,
        families=_by(protocols, "family", [str(family) for family in Family]),
        directions=_by(protocols, "direction", [str(tag) for tag in Direction if tag is not Direction.NONE]),
        shorts=list(words.SHORTS.values()),
        layers=[name for name in metrics["layers"] if any(name in each["layers"] for each in protocols)],
        gates=list(_gates(metrics["gates"])),
        training=[_training(stage, report) for stage in words.STAGES],
        retrieval=[_retrieval(protocol, metrics["retrieval"][protocol]) for protocol in Protocol],
        variants=sorted(metrics["retrieval"][Protocol.WARM], key=_variant_order),
        variant_words=words.VARIANTS,
        traces=report.traces,
        explain=partial(explain, names=report.names),
        anchor=anchor,
        not_in_pool=NOT_IN_POOL,
        titles=words.TITLES,
        warm_title=words.TITLES[Protocol.WARM],
        verdict_words=words.VERDICTS,
        direction_words=words.DIRECTIONS,
        quality=words.QUALITY,
        glossary=words.GLOSSARY,
    )  # fmt: skip
    return page.rstrip() + "\n"


def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({"report.html.jinja": _packaged("report.html.jinja")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"score": _score, "signed": _signed, "heat": _heat}
    return environment


def _packaged(name: str) -> str:
    return files("mard.evaluate.report").joinpath(name).read_text(encoding="utf-8")


def _score(value: Any) -> str:
    return "–" if value == UNSCORED else f"{value:.3f}"


def _signed(value: Any) -> str:
    return "unscored" if value == UNSCORED else f"{value:+.2f}"


def _heat(share: float) -> str:
    """Background from white to dark blue, and a text colour that is readable on it."""
    red, green, blue = (round(255 + (dark - 255) * share) for dark in DARKEST)
    return f"background:rgb({red},{green},{blue});color:{'#fff' if share > 0.5 else '#1b1f24'}"


def _protocol(protocol: Protocol, body: Mapping[str, Any]) -> dict[str, Any]:
    title, student, slices = words.TITLES[protocol], body["student"], body["slices"]
    scale = charts.strip_bounds([student, *body["baselines"].values()], "macro_f1")
    events = slices["mirror_events"]
    return {
        "title": title,
        "meaning": words.MEANINGS[protocol],
        "pairs": body["pairs"],
        "drugs": body["drugs"],
        "student": student,
        "layers": body["layers"],
        "rivals": list(_rivals(body)),
        "scale": scale,
        "systems": list(_systems(body, scale)),
        "slices": slices,
        "confusion": _confusion(slices["confusion"]),
        "rarity": slices["rarity"],
        "events": events if events == UNSCORED else events["family"],
        "of_layer": _of_layer(body),
        "reliability": charts.reliability(title, body["reliability"]),
        "coverage": charts.coverage(title, body["coverage_accuracy"], student["accuracy"]),
        "rarity_plot": charts.rarity(title, slices["rarity"]["deciles"]),
    }


def _of_layer(body: Mapping[str, Any]) -> Callable[[str], Mapping[str, Any]]:
    missing = dict.fromkeys((name for name, *_ in words.QUALITY), UNSCORED)
    layers = {words.FINAL: body["student"], words.GREEDY: body["layers"].get(words.GREEDY, missing)}
    return layers.__getitem__


def _rivals(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The neighbour vote, and the best baseline by macro-F1 where that is another one."""
    baselines = body["baselines"]
    best = max(baselines, key=lambda name: baselines[name]["macro_f1"], default=None)
    for name in dict.fromkeys([VOTE, best]):
        if name in baselines:
            label = f"the {name}" if name == VOTE else f"{name}, the best baseline"
            comparison = body["comparisons"][name]["macro_f1"]
            yield {"name": label, "value": baselines[name]["macro_f1"], "comparison": comparison}


def _systems(body: Mapping[str, Any], scale: Range) -> Iterator[dict[str, Any]]:
    """Rows of the protocol's table: baselines in the order in which they were run, then the student."""
    baselines, comparisons = body["baselines"], body["comparisons"]
    for name, figures in baselines.items():
        best = {m for m in HEADLINE if figures[m] == max(each[m] for each in baselines.values())}
        bold = {metric for metric in best if comparisons[name][metric]["win"] == "baseline"}
        yield _system(name, figures, scale, bold) | {"comparison": comparisons[name]["macro_f1"]}
    beaten = {
        metric
        for metric in HEADLINE
        if all(each[metric]["win"] == "student" for each in comparisons.values())
    }
    yield _system("Student", body["student"], scale, beaten if comparisons else set(), student=True)


def _system(
    name: str, figures: Mapping[str, Any], scale: Range, bold: set[str], *, student: bool = False
) -> dict[str, Any]:
    interval = figures["intervals"]["macro_f1"]["cluster"]
    low, high = (UNSCORED, UNSCORED) if interval == UNSCORED else interval
    strip = charts.interval_strip(low, figures["macro_f1"], high, scale, student=student)
    return {"name": name, "figures": figures, "bold": bold, "strip": strip, "is_student": student}


def _confusion(table: Sequence[Sequence[int]]) -> list[list[dict[str, Any]]]:
    return [[{"count": count, "share": count / max(sum(row), 1)} for count in row] for row in table]


def _by(protocols: Sequence[Mapping[str, Any]], what: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """One row a value of a slice, with a cell a protocol."""
    return [
        {
            what: value,
            "cells": [row for each in protocols for row in each["slices"][what] if row[what] == value],
        }
        for value in values
    ]


def _gates(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
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


def _training(stage: str, report: Report) -> dict[str, Any]:
    """A stage's curves, and its held-out figures as a table beside those of other models, then the rest."""
    values = report.metrics["training"][stage]
    history = report.histories[stage]
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


def _retrieval(protocol: Protocol, rates: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    title = words.TITLES[protocol]
    ks = sorted(rates["all"], key=int)
    return {"title": title, "ks": ks, "rates": rates, "plot": charts.retrieval(title, rates)}


def _variant_order(variant: str) -> tuple[bool, str]:
    """Ours and chance first, then each channel left out."""
    return variant not in words.VARIANTS, variant
