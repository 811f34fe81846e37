from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from mard.register.model_card import render_card

TEMPLATE = Path("mlflow/model_card.md.jinja")
FACTS = {
    "name": "mard",
    "version": "5.1-abc",
    "release": {"version": "5.1", "exported_on": "2026-01-01", "file": "x.xml", "sha256": "f" * 64},
    "taxonomy_version": "1",
    "subtypes": 147,
    "student": "tiny",
    "layers": ["greedy", "stack"],
}
METRICS = {
    "protocols": {
        "warm": {
            "pairs": 100,
            "student": {
                "macro_f1": 0.7,
                "mfs": "unscored",
                "intervals": {"macro_f1": {"cluster": [0.6, 0.8], "pair": [0.65, 0.75]}},
            },
            "baselines": {"majority": {"macro_f1": 0.08, "intervals": {"macro_f1": {"cluster": "unscored"}}}},
        }
    }
}
GATES = [{"gate": "pair_disjoint", "protocol": "warm", "checked": 10, "violations": 0}]


def test_the_card_says_what_it_must() -> None:
    card = render_card(TEMPLATE, FACTS, METRICS, GATES)
    assert "not a medical device" in card
    assert "f" * 64 in card
    assert "### warm (100 pairs)" in card
    assert "| this model | 0.700 [0.600, 0.800] | – |" in card
    assert "| baseline majority | 0.080 |" in card
    assert "| pair_disjoint | warm | 10 | 0 |" in card


def test_tables_have_no_gaps_between_their_rows() -> None:
    lines = render_card(TEMPLATE, FACTS, METRICS, GATES).splitlines()
    for above, below, after in zip(lines, lines[1:], lines[2:], strict=False):
        assert not (above.startswith("|") and not below and after.startswith("|")), above


def test_a_missing_fact_is_an_error_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        render_card(TEMPLATE, {key: FACTS[key] for key in FACTS if key != "student"}, METRICS, GATES)
