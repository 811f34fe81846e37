"""``metrics.json`` as flat tables, for whoever prefers a spreadsheet. An unscored figure stays that word."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mard.evaluate.phases import phase_rows
from mard.evaluate.statistic import UNSCORED

Row = dict[str, Any]
Metrics = Mapping[str, Any]


def csv_tables(metrics: Metrics) -> dict[str, str]:
    """CSV text by name: those of :data:`TABLES`, each over all protocols, and those of the run as a whole."""
    tables = {
        name: [row for protocol in metrics["protocols"].items() for row in of(*protocol)]
        for name, of in TABLES.items()
    }
    tables |= {
        "gates": _gates(metrics["gates"]),
        "costs": metrics["costs"],
        "phases": phase_rows(metrics["training"]),
        "flags": [
            {"protocol": protocol, **row} for protocol, rows in metrics["flags"].items() for row in rows
        ],
    }
    return {name: to_csv(rows) for name, rows in tables.items()}


def comparison_table(found: Metrics) -> str:
    """Runs side by side (:func:`mard.evaluate.comparison.compare_runs`) as CSV, one row a run and metric."""
    rows = []
    for protocol, body in found["protocols"].items():
        for run, figures in body["figures"].items():
            for metric, one in figures.items():
                low, high = (UNSCORED, UNSCORED) if one["cluster"] == UNSCORED else one["cluster"]
                row = {"protocol": protocol, "pairs": body["pairs"], "run": run, "metric": metric}
                row |= {"value": one["value"], "low": low, "high": high}
                if run in body["differences"]:
                    against = body["differences"][run][metric]
                    bounds = {f"difference_{name}": value for name, value in _difference(against).items()}
                    row |= {"difference": against["difference"], "win": against["win"], **bounds}
                rows.append(row)
    return to_csv(rows)


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV, columns in the order in which they first occur."""
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, columns, restval=UNSCORED, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _systems(protocol: str, body: Metrics) -> Iterator[Row]:
    variants = {f"student, {name}": figures for name, figures in body["variants"].items()}
    for name, figures in {**body["baselines"], **variants, "student": body["student"]}.items():
        yield {"protocol": protocol, "system": name, "pairs": body["pairs"], **_flat(figures)}


def _flat(figures: Mapping[str, Any]) -> Row:
    """A system's figures with the bounds of its intervals in columns of their own."""
    flat = {metric: value for metric, value in figures.items() if metric not in ("intervals", "comparisons")}
    for metric, found in figures["intervals"].items():
        for kind, bounds in found.items():
            low, high = (UNSCORED, UNSCORED) if bounds == UNSCORED else bounds
            flat |= {f"{metric}_{kind}_low": low, f"{metric}_{kind}_high": high}
    return flat


def _comparisons(protocol: str, body: Metrics) -> Iterator[Row]:
    variants = {name: figures["comparisons"] for name, figures in body["variants"].items()}
    for student, comparisons in {"whole stack": body["comparisons"], **variants}.items():
        for baseline, compared in comparisons.items():
            for metric, result in compared.items():
                row = {"protocol": protocol, "student": student, "baseline": baseline, "metric": metric}
                difference = {"student_minus_baseline": result["difference"], "win": result["win"]}
                yield {**row, **_difference(result), **difference}


def _difference(result: Mapping[str, Any]) -> Row:
    row: Row = {}
    for kind in ("pair", "cluster"):
        low, high = (UNSCORED, UNSCORED) if result[kind] == UNSCORED else result[kind]
        row |= {f"{kind}_low": low, f"{kind}_high": high}
    return row


def _layers(protocol: str, body: Metrics) -> Iterator[Row]:
    for layer, figures in body["layers"].items():
        yield {"protocol": protocol, "layer": layer, **_flat(figures)}


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
    for state, found in body["reliability"]["states"].items():
        for row in found["bins"]:
            yield {"protocol": protocol, "confidence_is": state, **row}


def _failures(protocol: str, body: Metrics) -> Iterator[Row]:
    for row in body["failures"]["classes"]:
        yield {"protocol": protocol, **row}


def _probes(protocol: str, body: Metrics) -> Iterator[Row]:
    for row in body["probes"]:
        flat = {name: value for name, value in row.items() if not name.endswith("_difference")}
        for metric in ("macro_f1", "accuracy"):
            result = row[f"{metric}_difference"]
            bounds = {f"{metric}_{name}": value for name, value in _difference(result).items()}
            flat |= {f"{metric}_difference": result["difference"], **bounds}
        yield {"protocol": protocol, **flat}


def _regimens(protocol: str, body: Metrics) -> Iterator[Row]:
    found = body["regimens"]
    by_right = {f"{right}_right": count for right, count in enumerate(found["right"])}
    yield {"protocol": protocol, **{k: v for k, v in found.items() if k != "right"}, **by_right}


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
    "failures": _failures,
    "probes": _probes,
    "regimens": _regimens,
}
