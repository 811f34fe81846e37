"""Environment variables of the tools that the pipeline drives: telemetry off, local state, ports.

They are listed once, in ``infra/environment.env``. What is already set wins.
"""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PATHS = {"PREFECT_HOME"}


def is_silent() -> bool:
    """Whether this is one of a stage's further processes, which report nothing."""
    return int(os.environ.get("RANK", "0")) > 0


def apply_environment(source: Path = REPOSITORY / "infra" / "environment.env") -> None:
    """Set every variable of ``source`` that is not set yet; relative paths start at the repository."""
    for line in source.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            os.environ.setdefault(name, str(REPOSITORY / value) if name in PATHS else value)
