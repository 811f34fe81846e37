"""``metrics.json`` as flat tables, for whoever prefers a spreadsheet. An unscored figure stays that word."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mard.evaluate.protocol import HEADLINE
from mard.evaluate.statistic import UNSCORED

Row = dict[str, Any]
Metrics = Mapping[str, Any]


def csv_tables(metrics: Metrics) -> dict[str, str]:
    """CSV text by name: those of :data:`TABLES`, each over all protocols, and the gates."""
    tables = {
        name: [row for protocol in metrics["protocols"].items() for row in of(*protocol)]
        for name, of in TABLES.items()
    }
    return {name: to_csv(rows) for name, rows in {**tables, "gates": _gates(metrics["gates"])}.items()}


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV, columns in the order in which they first occur."""
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, columns, restval=UNSCORED, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _systems(protocol: str, body: Metrics) -> Iterator[Row]:
    for name, figures in {**body["baselines"], "student": body["student"]}.items():
        flat = {metric: value for metric, value in figures.items() if metric != "intervals"}
        yield {
            "protocol": protocol,
            "system": name,
            "pairs": body["pairs"],
            **flat,
            **_bounds(figures["intervals"]),
        }


def _bounds(intervals: Mapping[str, Any]) -> Row:
    flat: Row = {}
    for metric in HEADLINE:
        for kind, bounds in intervals[metric].items():
            low, high = (UNSCORED, UNSCORED) if bounds == UNSCORED else bounds
            flat |= {f"{metric}_{kind}_low": low, f"{metric}_{kind}_high": high}
    return flat


def _comparisons(protocol: str, body: Metrics) -> Iterator[Row]:
    for baseline, compared in body["comparisons"].items():
        for metric, result in compared.items():
            row = {"protocol": protocol, "baseline": baseline, "metric": metric}
            for kind in ("pair", "cluster"):
                low, high = (UNSCORED, UNSCORED) if result[kind] == UNSCORED else result[kind]
                row |= {f"{kind}_low": low, f"{kind}_high": high}
            yield {**row, "student_minus_baseline": result["difference"], "win": result["win"]}


def _layers(protocol: str, body: Metrics) -> Iterator[Row]:
    for layer, figures in body["layers"].items():
        yield {"protocol": protocol, "layer": layer, **figures}


def _slice(name: str) -> Callable[[str, Metrics], Iterator[Row]]:
    def rows(protocol: str, body: Metrics) -> Iterator[Row]:
        for row in body["slices"][name]:
            yield {"protocol": protocol, **row}

    return rows


def _rarity(protocol: str, body: Metrics) -> Iterator[Row]:
    found = body["slices"]["rarity"]
    for decile, row in enumerate(found["deciles"], start=1):
        yield {"protocol": protocol, "counted_in": found["counted_in"], "decile": decile, **row}


def _reliability(protocol: str, body: Metrics) -> Iterator[Row]:
    for row in body["reliability"]:
        yield {"protocol": protocol, **row}


def _gates(rows: Sequence[Metrics]) -> list[Row]:
    return [{**row, "examples": "; ".join(row["examples"])} for row in rows]


TABLES: Final[dict[str, Callable[[str, Metrics], Iterator[Row]]]] = {
    "systems": _systems,
    "comparisons": _comparisons,
    "layers": _layers,
    "families": _slice("family"),
    "directions": _slice("direction"),
    "rarity": _rarity,
    "reliability": _reliability,
}
