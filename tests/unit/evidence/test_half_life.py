from __future__ import annotations

import pytest

from mard.evidence.half_life import parse_half_life


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("6 hours", 6.0),
        ("2.5 to 6.1 hours", 4.3),  # (2.5 + 6.1) / 2
        ("12-24h", 18.0),
        ("30 minutes to 2 hours", 1.25),  # (0.5 + 2) / 2
        ("90 min", 1.5),
        ("approximately 3 days", 72.0),
        ("1–2 weeks", 252.0),  # 1.5 * 168
        ("5.3 ± 1.2 hours", 5.3),
        ("1,200 hours in fat", 1200.0),
        ("The half-life of 2 metabolites is 10 hours", 10.0),
        ("15.6 (+/- 2.8) hrs", 15.6),
        ("24-hour half-life", 24.0),
        ("* Normal renal function: 25 min * Dialysis: 3.5h", 25 / 60),
        ("less than 1 hour", None),
        (">24 hours", None),
        ("Not available", None),
        ("2 patients", None),
        ("0 hours", None),
        ("", None),
    ],
)
def test_first_plain_quantity_in_hours(text, hours):
    assert parse_half_life(text) == (None if hours is None else pytest.approx(hours))
