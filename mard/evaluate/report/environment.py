"""The templates of the pages and how they write a figure."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined

from mard.evaluate.statistic import UNSCORED

TEMPLATES: Final = (
    "report.html.jinja",
    "macros.html.jinja",
    "failures.html.jinja",
    "probes.html.jinja",
    "compare.html.jinja",
)
DARKEST: Final = (8, 69, 126)


def environment() -> Environment:
    """Templates with the filters that they use; an undefined name is an error."""
    made = Environment(
        loader=DictLoader({name: packaged(name) for name in TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"score": _score, "signed": _signed, "heat": _heat, "plain": _plain}
    return made


def packaged(name: str) -> str:
    """A file of this package as text."""
    return files("mard.evaluate.report").joinpath(name).read_text(encoding="utf-8")


def _score(value: Any) -> str:
    return "–" if value == UNSCORED else f"{value:.3f}"


def _signed(value: Any) -> str:
    return "unscored" if value == UNSCORED else f"{value:+.2f}"


def _plain(value: Any) -> str:
    return "–" if value in (None, UNSCORED) else f"{value:.3g}"


def _heat(share: float) -> str:
    """Background from white to dark blue, and a text colour that is readable on it."""
    red, green, blue = (round(255 + (dark - 255) * share) for dark in DARKEST)
    return f"background:rgb({red},{green},{blue});color:{'#fff' if share > 0.5 else '#1b1f24'}"
