"""``PAPER.md`` says where each part of the method is; this says whether it is still there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from mard.config import Params, load_params
from mard.gates import leakage
from mard.judge import qc

PAGE = Path("PAPER.md").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(Path("mard").rglob("*.py"))}
LEAST_ROWS = 130

CODE = re.compile(r"`([^`]+)`")
FUNCTION = re.compile(r"(?:mard|tasks|flows)(?:\.\w+)+")
TEST = re.compile(r"tests/[\w/]+\.py::\w+")
PARAMETER = re.compile(rf"(?P<path>(?:{'|'.join(Params.__dataclass_fields__)})(?:\.\w+)+)(?:=.*)?")


@dataclass(frozen=True)
class Row:
    """A table's row, with the headings that it stands under; cells by the name of their column."""

    chapter: str
    section: str
    cells: dict[str, str]


@cache
def rows() -> tuple[Row, ...]:
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    chapter, section, header = "", "", []
    for line in PAGE.splitlines():
        if line.startswith("## "):
            chapter, section = line[3:], ""
        elif line.startswith("### "):
            section = line[4:]
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not header:
            header = cells
        elif not all(re.fullmatch("-+", cell) for cell in cells):
            assert len(cells) == len(header), f"a row of another width: {line}"
            yield Row(chapter, section, dict(zip(header, cells, strict=True)))


def under(chapter: str) -> list[Row]:
    found = [row for row in rows() if row.chapter == chapter]
    assert found, f"nothing stands under {chapter!r}"
    return found


def spans(pattern: re.Pattern[str], text: str = PAGE) -> list[str]:
    """Code spans that are wholly of a kind, each once."""
    return list(dict.fromkeys(span for span in CODE.findall(text) if pattern.fullmatch(span)))


def exists(path: str) -> bool:
    try:
        resolve_name(path)
    except (ImportError, AttributeError):
        return False
    return True


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def mentioned(pattern: str) -> dict[int, Path]:
    """Numbers after a word in the package's text, with a file that says so."""
    found = {}
    for path, text in SOURCES.items():
        for first, rest in re.findall(pattern + r" (\d+)((?:(?:, | and | to )\d+)*)", text):
            for number in (first, *re.findall(r"\d+", rest)):
                found[int(number)] = path
    return found


def test_every_function_exists() -> None:
    assert [path for path in spans(FUNCTION) if not exists(path)] == []


def test_every_test_exists() -> None:
    missing = []
    for test in spans(TEST):
        file, name = test.split("::")
        if not Path(file).exists() or name not in functions_of(Path(file)):
            missing.append(test)
    assert missing == []


def test_every_row_of_the_map_names_a_function_and_a_test() -> None:
    found = under("The map")
    assert len(found) >= LEAST_ROWS
    idle = [
        row.cells["paper"]
        for row in found
        if not spans(FUNCTION, row.cells["function"]) or not spans(TEST, row.cells["test"])
    ]
    assert idle == []


def test_every_equation_that_the_code_cites_has_a_row() -> None:
    cited = mentioned(r"Eq\.")
    mapped = {int(n) for row in under("The map") for n in re.findall(r"^Eq\. (\d+)$", row.cells["paper"])}
    assert {number: str(path) for number, path in cited.items() if number not in mapped} == {}
    assert mapped == set(cited)


def test_every_section_that_the_code_cites_has_a_heading() -> None:
    cited = mentioned(r"[Ss]ection")
    headings = {int(row.section.split()[0]) for row in under("The map") if row.section[0].isdigit()}
    assert {number: str(path) for number, path in cited.items() if number not in headings} == {}


def test_every_gate_has_a_row() -> None:
    named = {path for row in under("The map") for path in spans(FUNCTION, row.cells["function"])}
    gates = [
        *(f"mard.judge.qc.{gate.__name__}" for gate in qc.GATES.values()),
        *(
            f"mard.gates.leakage.{name}"
            for name, function in inspect.getmembers(leakage, inspect.isfunction)
            if not name.startswith("_") and inspect.get_annotations(function).get("return") == "GateResult"
        ),
    ]
    assert len(gates) >= 10 + 11
    assert [gate for gate in gates if gate not in named] == []


def test_every_decision_in_a_docstring_is_on_the_page() -> None:
    places = [spans(FUNCTION, row.cells["where"]) for row in under("Deviations and decisions")]
    assert all(places), "every decision says where it is"
    modules = {path.rsplit(".", 1)[0] for found in places for path in found}
    deciding = {
        ".".join(path.with_suffix("").parts) for path, text in SOURCES.items() if "**Decision" in text
    }
    assert deciding
    assert deciding - modules == set()


def test_every_parameter_exists() -> None:
    params = load_params(Path("params.yaml"))
    named = [match["path"] for span in CODE.findall(PAGE) if (match := PARAMETER.fullmatch(span))]
    assert [path for path in named if _value(params, path) is None] == []


def test_the_preset_has_the_values_that_the_page_says() -> None:
    params = load_params(Path("params.yaml"), Path("infra/presets/qwen2.5-7b.yaml"))
    said = {row.cells["parameter"].strip("`"): row.cells["preset"] for row in under("Values")}
    assert {path: str(_value(params, path)) for path in said} == said


def test_a_value_other_than_the_papers_is_one_that_the_paper_does_not_give_as_a_number() -> None:
    for row in under("Values"):
        paper, preset = row.cells["paper"], row.cells["preset"]
        if re.fullmatch(r"[\d.e-]+", paper):
            assert float(paper) == float(preset), row.cells["parameter"]


def _value(params: Params, path: str) -> Any:
    return reduce(lambda section, name: getattr(section, name, None), path.split("."), params)
