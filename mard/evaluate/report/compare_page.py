"""The page that sets runs side by side: which is better, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from markupsafe import Markup

from mard.evaluate.report import charts, words
from mard.evaluate.report.environment import environment, packaged
from mard.schema import Protocol

METRICS: Final = {
    "macro_f1": "macro-F1",
    "accuracy": "Accuracy",
    "ths": "THS",
    "merged_macro_f1": "macro-F1, merged",
    "mfs": "MFS, raw",
    "mps": "MPS, raw",
}
FORESTS: Final = ("macro_f1", "ths")


def render_comparison(found: Mapping[str, Any]) -> str:
    """The page, with everything in it.

    Args:
        found: From :func:`mard.evaluate.comparison.compare_runs`.
    """
    page = environment().get_template("compare.html.jinja").render(
        css=Markup(packaged("report.css")),  # noqa: S704 (our own file)
        found=found,
        facts=differing_facts(found["runs"]),
        protocols=[_protocol(Protocol(name), body) for name, body in found["protocols"].items()],
        metrics=METRICS,
    )  # fmt: skip
    return page.rstrip() + "\n"


def differing_facts(runs: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Facts in which the runs differ: name, and one value a run."""
    names = dict.fromkeys(name for run in runs for name in run if name != "name")
    rows = [(name, [run.get(name, "") for run in runs]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def verdicts(found: Mapping[str, Any]) -> Iterator[str]:
    """One sentence a protocol and run, on macro-F1."""
    reference = found["reference"]
    for protocol, body in found["protocols"].items():
        for run, differences in body["differences"].items():
            yield f"{protocol}: {_sentence(run, reference, differences['macro_f1'])}"


def _sentence(run: str, reference: str, difference: Mapping[str, Any]) -> str:
    low_high = difference["cluster"]
    if difference["difference"] == "unscored" or low_high == "unscored":
        return f"{run} and {reference} cannot be compared"
    points, low, high = (100 * value for value in (difference["difference"], *low_high))
    what = {
        "run": f"{run} is better than {reference}",
        "reference": f"{run} is worse than {reference}",
        "none": f"{run} and {reference} are not told apart",
    }[difference["win"]]
    return f"{what}: {points:+.1f} points of macro-F1, 95 % over drugs [{low:+.1f}, {high:+.1f}]"


def _protocol(protocol: Protocol, body: Mapping[str, Any]) -> dict[str, Any]:
    title = words.TITLES[protocol]
    shown = [metric for metric in METRICS if all(metric in own for own in body["figures"].values())]
    return {
        "title": title,
        "meaning": words.MEANINGS[protocol],
        "body": body,
        "shown": shown,
        "forests": [(METRICS[metric], _forest(title, metric, body)) for metric in FORESTS],
    }


def _forest(title: str, metric: str, body: Mapping[str, Any]) -> Markup:
    rows = [
        (run, own[metric]["difference"], own[metric]["cluster"]) for run, own in body["differences"].items()
    ]
    return charts.forest(title, rows, f"change of {METRICS[metric]}")
