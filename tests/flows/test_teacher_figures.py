"""The table of teachers, from counts that are known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.teacher_figures import figures_of, readable
from mard.errors import MissingArtifact
from mard.io import write_json
from mard.judge.qc import GATES, Tier

MUTE = {
    "candidates": 8,
    "invalid": 8,
    "gate_pass_rate": {**dict.fromkeys(GATES, 1.0), "G1": 0.0},
    "tiers": dict.fromkeys(Tier, 0),
    "answered": 0,
    "family_accuracy": None,
}
WISE = {
    "candidates": 1600,
    "invalid": 0,
    "gate_pass_rate": {**dict.fromkeys(GATES, 1.0), "G4": 0.625},
    "tiers": {**dict.fromkeys(Tier, 0), "full_correct": 1000, "rejected": 600},
    "answered": 1200,
    "family_accuracy": 0.75,
}


def test_a_row_a_teacher_and_one_for_each_two(tmp_path: Path) -> None:
    manifest = {"teachers": {"mute": MUTE, "wise": WISE}, "agreement": {"mute|wise": 0.125}, "step_rows": 3}
    write_json(tmp_path / "judge" / "manifest.json", manifest)
    found = figures_of(tmp_path)
    assert set(found) == {"teachers", "agreement"}
    head, rule, mute, wise, *agreement = readable(found).splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")]
    assert names[:4] == ["teacher", "candidates", "answered", "family accuracy"]
    assert names[4:] == [*Tier, *GATES], "best tier first, gates by number"
    assert rule.count("|") == head.count("|")
    columns = [
        dict(zip(names, map(str.strip, row.strip("|").split("|")), strict=True)) for row in (mute, wise)
    ]
    assert [row["candidates"] for row in columns] == ["8", "1,600"]
    assert [row["answered"] for row in columns] == ["0.0%", "75.0%"]
    assert [row["family accuracy"] for row in columns] == ["", "75.0%"]
    assert [row["full_correct"] for row in columns] == ["0.0%", "62.5%"]
    assert [(row["G1"], row["G4"]) for row in columns] == [("0.0%", "100.0%"), ("100.0%", "62.5%")]
    assert agreement == ["", "| majority family | agrees on |", "| --- | ---: |", "| mute and wise | 12.5% |"]


def test_one_teacher_agrees_with_nobody() -> None:
    assert "majority" not in readable({"teachers": {"wise": WISE}, "agreement": {}})


def test_before_judging_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifact, match="judge"):
        figures_of(tmp_path)
