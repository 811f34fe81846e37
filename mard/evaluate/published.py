"""The tables of a published evaluation in Markdown, as a README holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mard.evaluate.evaluation import GREEDY
from mard.evaluate.headline import simplest_first
from mard.evaluate.protocol import VARIANTS
from mard.evaluate.repeats import STUDENTS
from mard.evaluate.statistic import UNSCORED
from mard.schema import Protocol

Found = Mapping[str, Any]

TITLES: Final = dict(
    zip(
        STUDENTS,
        (
            "student, raw",
            "student, symmetrised",
            "student, whole stack",
            "student, stack with structural models",
        ),
        strict=True,
    )
)
RIVALS: Final = ("neighbour vote", "kernel propagation", "xgboost (iii)")
LIMITS: Final = {
    "within_neighbours": "a neighbour shown has the right family",
    "within_candidates": "a trace that it drew has it",
}
PHASES: Final = (
    ("before training", "sft", "untrained"),
    ("after mirror SFT", "sft", "held_out"),
    ("after weighted DPO", "dpo", "held_out"),
)
FLIPS: Final = {
    "mirror_error": "direction",
    "family_mirror_error": "family",
    "subtype_mirror_error": "subtype",
}
PROPERTIES: Final = {"parse_rate": "parse rate", "hr": "HR", "mfs": "MFS", "mps": "MPS", "csa": "CSA"}


def tables(found: Found) -> str:
    """All tables of what ``mard publish`` wrote, a heading in bold before each."""
    parts = [
        headline(found),
        _titled("The raw student, a pair asked in both orders", _properties(found)),
        _titled(
            "Student less baseline, macro-F1 with 95 % intervals over drugs (paired)",
            _differences(
                {
                    name: _own_differences(found["final_layer"], body)
                    for name, body in found["protocols"].items()
                },
                "difference",
            ),
        ),
        _titled("Mirror error by phase, pairs that are not trained on", _phases(found["training"])),
        _titled("Where the whole stack fails, share of test pairs", _failures(found["protocols"])),
        _titled(
            "Altered evidence, the raw student: share that keeps its family, and that answers as it should",
            _probes(found["protocols"]),
        ),
    ]
    if "repeats" in found:
        pooled = found["repeats"]["protocols"]
        runs = len(found["repeats"]["seeds"]) + 1
        parts += [
            _titled(f"Macro-F1 over {runs} partitions, mean ± spread / mean THS", _means(pooled)),
            _titled(
                f"Student less baseline over {runs} partitions, mean difference of macro-F1 (paired)",
                _differences({name: body["differences"] for name, body in pooled.items()}, "mean"),
            ),
        ]
    if "ablations" in found:
        shared = _shared(found["ablations"]["changed"])
        title = f"Ablations, the raw student{f'; all with {_settings(shared)}' if shared else ''}"
        parts.append(_titled(title, _ablations(found["ablations"], shared)))
    return "\n\n".join(parts)


def headline(found: Found) -> str:
    """The first of :func:`tables`: every system on every protocol."""
    return _titled(f"Macro-F1 on {_sizes(found['protocols'])} test pairs, and THS", _headline(found))


def _own_differences(final: str, body: Found) -> dict[str, Any]:
    named = {VARIANTS.get(name, name): each for name, each in body["variants_minus_baseline"].items()}
    return {**named, final: body["final_minus_baseline"]}


def _sizes(protocols: Found) -> str:
    sizes = [f"{protocols[name]['pairs']:,}" for name in _present(protocols)]
    return sizes[0] if len(set(sizes)) == 1 else f"{', '.join(sizes[:-1])} and {sizes[-1]}"


def _headline(found: Found) -> Iterator[Sequence[str]]:
    protocols = found["protocols"]
    names = _present(protocols)
    yield ("", *(f"{name}" for name in names), *(f"{name} THS" for name in names))
    for title, group, name in _systems(protocols[names[0]]):
        bodies = [protocols[protocol][group].get(name, {}) for protocol in names]
        yield (
            title,
            *(_figure(body.get(metric, UNSCORED)) for metric in ("macro_f1", "ths") for body in bodies),
        )


def _systems(body: Found) -> Iterator[tuple[str, str, str]]:
    """Title, group and name: baselines, the simplest first, then the student."""
    for name in simplest_first(body["baselines"]):
        yield name, "baselines", name
    for name, title in TITLES.items():
        if name in body["layers"]:
            yield title, "layers", name


def _properties(found: Found) -> Iterator[Sequence[str]]:
    names = _present(found["protocols"])
    yield ("", *names)
    for metric, title in PROPERTIES.items():
        yield (title, *(_figure(found["protocols"][name]["layers"][GREEDY][metric]) for name in names))


def _phases(training: Found) -> Iterator[Sequence[str]]:
    yield "share of flips between the orderings", *FLIPS.values()
    for title, stage, group in PHASES:
        yield title, *(_figure(training.get(stage, {}).get(f"{group}.{metric}")) for metric in FLIPS)


def _failures(protocols: Found) -> Iterator[Sequence[str]]:
    names = _present(protocols)
    yield ("", *names)
    for place, row in enumerate(protocols[names[0]]["failures"]["classes"]):
        shares = (protocols[name]["failures"]["classes"][place]["share"] for name in names)
        yield (row["failure"], *map(_figure, shares))
    for key, title in LIMITS.items():
        yield (title, *(_figure(protocols[name]["failures"][key]) for name in names))
    yield (
        "Spearman ρ of accuracy and pairs of the rarer drug",
        *(_figure(protocols[name]["rarity"]["spearman"]) for name in names),
    )
    yield (
        "ECE, calibrated on val",
        *(_figure(protocols[name]["reliability"]["calibrated"]["ece"]) for name in names),
    )


def _probes(protocols: Found) -> Iterator[Sequence[str]]:
    names = _present(protocols)
    yield (
        "",
        *(f"{name}, macro-F1 before and after" for name in names),
        *(f"{name}, kept" for name in names),
        *(f"{name}, as it should" for name in names),
    )
    shown = {row["probe"]: None for name in names for row in protocols[name]["probes"]}
    for probe in shown:
        rows = [_probe(protocols[name], probe) for name in names]
        yield (
            probe,
            *(f"{_figure(row.get('macro_f1_before'))} → {_figure(row.get('macro_f1'))}" for row in rows),
            *(_figure(_kept(row)) for row in rows),
            *(_figure(row.get("as_expected")) for row in rows),
        )


def _probe(body: Found, name: str) -> Found:
    found: Iterator[Found] = (row for row in body["probes"] if row["probe"] == name)
    return next(found, {})


def _kept(row: Found) -> Any:
    changed = row.get("family_changed")
    return 1 - changed if isinstance(changed, int | float) else None


def _differences(protocols: Found, value: str) -> Iterator[Sequence[str]]:
    names = _present(protocols)
    yield ("", *names)
    for layer, title in TITLES.items():
        for rival in RIVALS:
            bodies = [protocols[name].get(layer, {}).get(rival) for name in names]
            if any(bodies):
                yield f"{title} − {rival}", *(_difference(body, value) for body in bodies)


def _difference(body: Found | None, value: str) -> str:
    if body is None:
        return "n/a"
    found = body["macro_f1"]
    if found["cluster"] == UNSCORED:
        return UNSCORED
    low, high = found["cluster"]
    text = f"{_signed(found[value])} [{_signed(low)}, {_signed(high)}]"
    return f"**{text}**" if found["win"] != "none" else text


def _means(pooled: Found) -> Iterator[Sequence[str]]:
    names = _present(pooled)
    yield ("", *names)
    systems = pooled[names[0]]["systems"]
    baselines = simplest_first(each for each in systems if each not in STUDENTS)
    for name in (*baselines, *(each for each in STUDENTS if each in systems)):
        bodies = [pooled[protocol]["systems"][name] for protocol in names]
        yield (
            TITLES.get(name, name),
            *(
                f"{_figure(body['macro_f1']['mean'])} ± {_figure(body['macro_f1']['spread'])}"
                f" / {_figure(body['ths']['mean'])}"
                for body in bodies
            ),
        )


def _shared(changed: Mapping[str, Found]) -> Found:
    """Settings that every one of several ablations has, such as a smaller manifest."""
    first, *others = changed.values()
    return {
        key: value
        for key, value in first.items()
        if others and all((key, value) in own.items() for own in others)
    }


def _settings(changed: Found) -> str:
    return ", ".join(f"`{key}={value}`" for key, value in changed.items())


def _ablations(found: Found, shared: Found) -> Iterator[Sequence[str]]:
    protocols = found["layers"][GREEDY]
    names = _present(protocols)
    yield ("", "what differs", *names, *(f"{name} MFS" for name in names))
    for run in (found["reference"], *found["changed"]):
        changed = found["changed"].get(run, {})
        yield (
            run if changed else "nothing left out",
            _settings({key: value for key, value in changed.items() if key not in shared}),
            *(_against(protocols[name], run) for name in names),
            *(_figure(protocols[name]["figures"][run]["mfs"]["value"]) for name in names),
        )


def _against(body: Found, run: str) -> str:
    """A run's macro-F1, and what it is above the reference by."""
    own = _figure(body["figures"][run]["macro_f1"]["value"])
    if run not in body["differences"]:
        return own
    return f"{own}: {_difference(body['differences'][run], 'difference')}"


def _present(protocols: Found) -> list[str]:
    return [str(name) for name in Protocol if name in protocols]


def _titled(title: str, rows: Iterable[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ("---",) * len(head), *body]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _figure(value: Any) -> str:
    """Three decimals without the leading 0; 0 and 1 as they are."""
    if not isinstance(value, int | float):
        return UNSCORED
    if value in (0, 1):
        return f"{value:.0f}"
    return f"{value:.3f}".replace("0.", ".", 1)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("0.", ".", 1)
