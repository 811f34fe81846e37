"""What the page shows of one protocol: view values for the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mard.evaluate.report import charts, words
from mard.evaluate.report.plot import Range
from mard.evaluate.statistic import UNSCORED
from mard.evaluate.systems import HEADLINE
from mard.schema import Protocol

VOTE: Final = "neighbour vote"


def protocol_view(protocol: Protocol, body: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values and figures of a protocol."""
    title, student, slices = words.TITLES[protocol], body["student"], body["slices"]
    everyone = [student, *body["variants"].values(), *body["baselines"].values()]
    scale = charts.strip_bounds(everyone, "macro_f1")
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
        "reliability": list(_reliability(title, body["reliability"])),
        "val_pairs": body["reliability"]["val_pairs"],
        "coverage": charts.coverage(title, _curves(body)),
        "coverage_key": [(kind, name) for kind, name, _ in _curves(body)],
        "rarity_plot": charts.rarity(title, slices["rarity"]["deciles"], student["accuracy"]),
        "failures": body["failures"],
        "answered": body["pairs"],
        "probes": {row["probe"]: row for row in body["probes"]},
        "forest": charts.forest(title, list(_forest(body["probes"]))) if body["probes"] else "",
        "regimens": body["regimens"],
    }


def _reliability(title: str, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Two figures: confidence as stated, and as calibrated."""
    states = found["states"]
    for name, lines in words.STATES.items():
        own = [(kind, states[state]["bins"]) for kind, state, _ in lines if state in states]
        key = [(kind, who, states[state]["ece"]) for kind, state, who in lines if state in states]
        yield {"title": name, "plot": charts.reliability(f"{title}, {name.lower()}", own), "key": key}


def _curves(body: Mapping[str, Any]) -> list[tuple[str, str, Sequence[Sequence[float]]]]:
    """Kind, name and points: the student first, then the vote and the best baseline."""
    curves = body["coverage_accuracy"]
    found = [("student", "Student", curves["student"])]
    kinds = ("other", "third")
    return found + [(kind, name, curves[name]) for kind, name in zip(kinds, _rival_names(body), strict=False)]


def _forest(probes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any, Any]]:
    for row in probes:
        change = row["macro_f1_difference"]
        yield words.PROBES[row["probe"]][0], change["difference"], change["cluster"]


def _of_layer(body: Mapping[str, Any]) -> Callable[[str], Mapping[str, Any]]:
    missing = dict.fromkeys((name for name, *_ in words.QUALITY), UNSCORED)
    layers = {words.FINAL: body["student"], words.GREEDY: body["layers"].get(words.GREEDY, missing)}
    return layers.__getitem__


def _rivals(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _rival_names(body):
        label = f"the {name}" if name == VOTE else f"{name}, the best baseline"
        comparison = body["comparisons"][name]["macro_f1"]
        yield {"name": label, "value": body["baselines"][name]["macro_f1"], "comparison": comparison}


def _rival_names(body: Mapping[str, Any]) -> list[str]:
    """The neighbour vote, and the best baseline by macro-F1 where that is another one."""
    baselines = body["baselines"]
    best = sorted(baselines, key=lambda name: -baselines[name]["macro_f1"])[:1]
    return [name for name in dict.fromkeys([VOTE, *best]) if name in baselines]


def _systems(body: Mapping[str, Any], scale: Range) -> Iterator[dict[str, Any]]:
    """Rows of the protocol's table: baselines in the order in which they were run, then the student."""
    baselines, comparisons = body["baselines"], body["comparisons"]
    for name, figures in baselines.items():
        best = {m for m in HEADLINE if figures[m] == max(each[m] for each in baselines.values())}
        bold = {metric for metric in best if comparisons[name][metric]["win"] == "baseline"}
        yield _system(name, figures, scale, bold) | {"comparison": comparisons[name]["macro_f1"]}
    for name, figures in body["variants"].items():
        beaten = _beaten(figures["comparisons"])
        yield _system(words.VARIANT_TITLES[name], figures, scale, beaten, student=True)
    beaten = _beaten(comparisons)
    yield _system("Student, whole stack", body["student"], scale, beaten, student=True) | {"final": True}


def _beaten(comparisons: Mapping[str, Any]) -> set[str]:
    """The metrics in which a student beats every baseline."""
    return {
        metric
        for metric in HEADLINE
        if comparisons and all(each[metric]["win"] == "student" for each in comparisons.values())
    }


def _system(
    name: str, figures: Mapping[str, Any], scale: Range, bold: set[str], *, student: bool = False
) -> dict[str, Any]:
    interval = figures["intervals"]["macro_f1"]["cluster"]
    low, high = (UNSCORED, UNSCORED) if interval == UNSCORED else interval
    strip = charts.interval_strip(low, figures["macro_f1"], high, scale, student=student)
    return {
        "name": name,
        "figures": figures,
        "bold": bold,
        "strip": strip,
        "is_student": student,
        "final": False,
    }


def _confusion(table: Sequence[Sequence[int]]) -> list[list[dict[str, Any]]]:
    return [[{"count": count, "share": count / max(sum(row), 1)} for count in row] for row in table]
