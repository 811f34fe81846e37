"""What the judges found about each teacher, as a table: ``mard teacher figures``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mard.io import read_json
from mard.judge.qc import GATES, Tier
from tasks.stage import workspace_for


def figures_of(artifacts: Path | None) -> dict[str, Any]:
    """``teachers`` (candidates, tiers, gate pass rates, family accuracy) and ``agreement`` of a judged run.

    Raises:
        MissingArtifact: The stage judge has not run.
    """
    manifest = read_json(workspace_for(artifacts).need("judge", "manifest.json"))
    return {name: manifest[name] for name in ("teachers", "agreement")}


def readable(figures: Mapping[str, Any]) -> str:
    """A row a teacher, then a row for each two of them, in Markdown."""
    head = ["teacher", "candidates", "answered", "family accuracy", *Tier, *GATES]
    table = [_teacher(name, own) for name, own in figures["teachers"].items()]
    agreement = [
        [pair.replace("|", " and "), _percent(share)] for pair, share in figures["agreement"].items()
    ]
    return "\n\n".join(
        _markdown(rows)
        for rows in ([head, *table], [["majority family", "agrees on"], *agreement])
        if rows[1:]
    )


def _teacher(name: str, own: Mapping[str, Any]) -> list[str]:
    total = own["candidates"]
    accuracy = own["family_accuracy"]
    return [
        name,
        f"{total:,}",
        _percent(own["answered"] / total),
        "" if accuracy is None else _percent(accuracy),
        *(_percent(own["tiers"][tier] / total) for tier in Tier),
        *(_percent(own["gate_pass_rate"][gate]) for gate in GATES),
    ]


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    return "\n".join(map(_line, [head, ["---", *["---:"] * (len(head) - 1)], *rest]))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
