"""From figures to one HTML page: view values for the template, and nothing that the figures do not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from mard.evaluate.phases import phase_rows
from mard.evaluate.report import words
from mard.evaluate.report.environment import environment, packaged
from mard.evaluate.report.protocol_view import protocol_view
from mard.evaluate.report.run_view import gate_rows, retrieval_view, training_view, variant_order
from mard.evaluate.report.traces import NOT_IN_POOL, Names, WorkedTrace, anchor, explain
from mard.schema import Direction, Family, Protocol


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
    protocols = [protocol_view(protocol, metrics["protocols"][protocol]) for protocol in Protocol]
    page = environment().get_template("report.html.jinja").render(
        css=Markup(packaged("report.css")),  # noqa: S704 (our own file)
        release=metrics["release"],
        facts=report.facts,
        commit=report.commit,
        protocols=protocols,
        families=_by(protocols, "family", [str(family) for family in Family]),
        directions=_by(protocols, "direction", [str(tag) for tag in Direction if tag is not Direction.NONE]),
        shorts=list(words.SHORTS.values()),
        layers=[name for name in metrics["layers"] if any(name in each["layers"] for each in protocols)],
        final_layer=metrics["final_layer"],
        flags=[metrics["flags"][protocol] for protocol in Protocol],
        rule_words=words.RULES,
        constraint=metrics["constraint"],
        gates=list(gate_rows(metrics["gates"])),
        training=[
            training_view(stage, metrics["training"][stage], report.histories[stage])
            for stage in words.STAGES
        ],
        phases=phase_rows(metrics["training"]),
        phase_measures={name: Markup(title) for name, title in words.PHASE_MEASURES.items()},  # noqa: S704
        retrieval=[retrieval_view(protocol, metrics["retrieval"][protocol]) for protocol in Protocol],
        polled="in proportion" in metrics["retrieval"][Protocol.WARM],
        variants=sorted(metrics["retrieval"][Protocol.WARM], key=variant_order),
        variant_words=words.VARIANTS,
        costs=metrics["costs"],
        probe_words=words.PROBES,
        failure_words=words.FAILURES,
        names=report.names,
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


def _by(protocols: Sequence[Mapping[str, Any]], what: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """One row a value of a slice, with a cell a protocol."""
    return [
        {
            what: value,
            "cells": [row for each in protocols for row in each["slices"][what] if row[what] == value],
        }
        for value in values
    ]
