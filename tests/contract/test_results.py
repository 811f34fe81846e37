"""What README and the pages of ``results/`` say of a measured run is what its published figures say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mard.evaluate.published import headline, tables
from mard.schema import Protocol

MAIN = Path("results/public_2017.json")
FILES = sorted(Path("results").glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_tables_are_those_that_the_command_prints(file: Path) -> None:
    page = Path("results/README.md") if file == MAIN else file.with_suffix(".md")
    assert tables(read(file)) in page.read_text(encoding="utf-8")


def test_the_readme_shows_the_main_table() -> None:
    assert headline(read(MAIN)) in Path("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_published_run_passed_every_gate_on_every_protocol_and_says_where_it_came_from(file: Path) -> None:
    found = read(file)
    assert set(found["protocols"]) == set(Protocol)
    assert len({row["gate"] for row in found["gates"]}) == 11
    assert all(row["violations"] == 0 and row["checked"] > 0 for row in found["gates"])
    assert len(found["commit"]) == 40, "made from a commit, without changes on top"
    assert found["command"].startswith("mard run --release ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_drug_is_named_in_published_figures(file: Path) -> None:
    assert "DB0" not in file.read_text(encoding="utf-8")
