"""A certificate as one page that opens offline, prints on A4 and does not rely on colour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined

from mard.gates.certificate import Certificate, passed
from mard.gates.suite import RULES
from mard.io import write_text
from mard.schema import Family, Part, Protocol

PARTS: Final = tuple(map(str, Part))

_MARKS: Final = {True: "passes", False: "fails", None: "not run here"}
_SUMMARIES: Final = {
    True: "All gates that have run found nothing.",
    False: "A gate found violations: this split is not clean.",
}


def write_page(path: Path, certificate: Certificate) -> None:
    """Write the page of a certificate."""
    write_text(path, page(certificate))


def page(certificate: Certificate) -> str:
    """The page as HTML, style included."""
    source = files("mard.gates").joinpath("certificate.html.jinja").read_text("utf-8")
    style = files("mard.gates").joinpath("certificate.css").read_text("utf-8")
    environment = Environment(
        loader=DictLoader({"page": source}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    outcome = passed(certificate["gates"])
    sizes = sorted(certificate["parameters"]["eval_sizes"], reverse=True)
    return environment.get_template("page").render(
        certificate=certificate,
        style=style,
        clean=False not in outcome.values(),
        summary=_SUMMARIES[False not in outcome.values()],
        ran=sum(found is not None for found in outcome.values()),
        gates=list(gates(certificate)),
        protocols=[
            _protocol(str(name), certificate["counts"]["protocols"][name], certificate["definitions"][name])
            for name in Protocol
        ],
        families=[str(family) for family in Family],
        sizes=sizes,
        eval=list(_manifests(certificate["counts"]["eval"], sizes)),
    )


def readable(certificate: Certificate) -> str:
    """The certificate as lines for a terminal."""
    lines = [
        "MARD split certificate",
        *(f"  {name:<12} {value}" for name, value in certificate["release"].items()),
        f"  {'taxonomy':<12} {certificate['taxonomy_version']}",
        f"  {'mard':<12} {certificate['mard_version']}",
        f"  {'digest':<12} {certificate['sha256']}",
        "",
        f"{'protocol':<16}" + "".join(f"{part:>12}" for part in PARTS),
    ]
    for name in Protocol:
        row = _protocol(str(name), certificate["counts"]["protocols"][name], "")
        lines.append(f"{name:<16}" + "".join(f"{row['pairs'].get(part, 0):>12,}" for part in PARTS))
    drugs = certificate["counts"]["drugs"]
    lines.append(f"{'drugs (cold)':<16}" + "".join(f"{drugs.get(part, 0):>12,}" for part in PARTS))
    lines += ["", f"{'gate':<28}{'checked':>12}{'violations':>12}"]
    for gate in gates(certificate):
        counts = f"{gate['checked']:>12,}{gate['violations']:>12,}" if gate["rows"] else f"{'-':>12}{'-':>12}"
        lines.append(f"{gate['number']:>2} {gate['name']:<25}{counts}  {gate['mark']}")
    lines += ["", *(f"{digest}  {name}" for name, digest in certificate["files"].items())]
    return "\n".join(lines)


def gates(certificate: Certificate) -> Iterator[dict[str, Any]]:
    """The 11 gates in order, each with its rule, its findings and what it takes to run it again."""
    outcome = passed(certificate["gates"])
    for name, rule in RULES.items():
        rows = [row for row in certificate["gates"] if row["gate"] == name]
        yield {
            "number": rule.number,
            "name": name,
            "demand": rule.demand,
            "needs": str(rule.needs),
            "rows": rows,
            "checked": sum(row["checked"] for row in rows),
            "violations": sum(row["violations"] for row in rows),
            "passed": outcome[name],
            "mark": _MARKS[outcome[name]],
        }


def _protocol(name: str, counts: Mapping[str, Mapping[str, int]], definition: str) -> dict[str, Any]:
    pairs = {part: sum(counts[part].values()) for part in PARTS if part in counts}
    total = sum(pairs.values())
    shares = {part: 100 * own / total for part, own in pairs.items()}
    return {"name": name, "definition": definition, "pairs": pairs, "shares": shares, "families": counts}


def _manifests(
    counts: Mapping[str, Mapping[str, Mapping[str, int]]], sizes: Sequence[int]
) -> Iterator[tuple[str, str, list[int]]]:
    for protocol in Protocol:
        for part in (Part.VAL, Part.TEST):
            own = counts.get(protocol, {}).get(part, {})
            yield str(protocol), str(part), [own.get(str(size), 0) for size in sizes]
