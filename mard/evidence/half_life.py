"""Half-lives as hours, where the release's free text gives one plainly."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
_UNIT: Final = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|wks?|h|d)\b"
_BOUND: Final = r"less than|more than|greater than|longer than|up to|at least|over|under|exceed\w*|[<>≤≥]"
_QUANTITY: Final = re.compile(
    rf"(?P<bound>(?:{_BOUND})\s*(?:about\s*)?)?"
    rf"(?<![\w.])(?P<low>{_NUMBER})(?:[\s-]*(?P<low_unit>{_UNIT}))?"
    rf"(?:\s*(?:-|–|—|to|and)\s*(?P<high>{_NUMBER}))?"
    rf"(?:\s*(?:±|\+/-)\s*{_NUMBER})?"
    rf"(?:\s*\([^)]*\))?(?:[\s-]*(?P<unit>{_UNIT}))?",
    re.IGNORECASE,
)
_HOURS: Final = {"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}


def parse_half_life(text: str) -> float | None:
    """Hours of the first quantity of time in ``text``; the midpoint of a range.

    ``"2.5 to 6.1 hours"`` is 4.3, ``"30 minutes to 2 hours"`` is 1.25. None where there is no such
    quantity, or the first one is only a bound ("less than 1 hour").
    """
    for match in _QUANTITY.finditer(text):
        unit = match["unit"] or (match["low_unit"] if match["high"] is None else None)
        if unit is None:
            continue
        if match["bound"]:
            return None
        low = _hours(match["low"], match["low_unit"] or unit)
        hours = low if match["high"] is None else (low + _hours(match["high"], unit)) / 2
        return hours if hours > 0 else None
    return None


def _hours(number: str, unit: str) -> float:
    return float(number.replace(",", "")) * _HOURS[unit[0].lower()]
