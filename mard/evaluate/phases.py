"""Mirror error on held-out traces, phase by phase: before training, after SFT, after preference training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PHASES: Final = (
    ("sft", "untrained", "before training"),
    ("sft", "held_out", "after mirror SFT"),
    ("dpo", "held_out", "after preference training"),
)
"""Stage, group of its metrics, and name."""

MEASURES: Final = (
    "mirror_error",
    "mirror_distance",
    "kl",
    "direction_accuracy",
    "family_mirror_error",
    "family_kl",
    "subtype_mirror_error",
    "subtype_kl",
    "nll",
)


def phase_rows(training: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a phase that was measured: its name, and :data:`MEASURES`, None where there is none.

    Args:
        training: Metrics of each training stage, flat, such as ``held_out.kl``.
    """
    rows = []
    for stage, group, name in PHASES:
        own = {measure: training[stage].get(f"{group}.{measure}") for measure in MEASURES}
        if own["mirror_error"] is not None:
            rows.append({"phase": name, **own})
    return rows
