"""Great Expectations as the quality gate: suites are run, and documented in pages that open offline.

The findings are laid out by Great Expectations' own renderer; the frame around them is ours, because
its own loads scripts and style sheets from five hosts and writes the time of the run into every page.
Equal data give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import great_expectations as gx
import polars as pl
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaSectionView

from mard.errors import GateFailure
from mard.gates.leakage import GateResult
from mard.io import write_text

_RUN: Final = RunIdentifier(run_name="gates", run_time=datetime(2000, 1, 1, tzinfo=UTC))
_OBSERVATIONS: Final = {
    "partial_unexpected_list": "found",
    "partial_missing_list": "missing",
    "observed_value": "observed",
}
_ELEMENT_ID: Final = re.compile(r' id="[^"]*"')


@dataclass(frozen=True)
class Validation:
    """One table checked against its suite.

    Attributes:
        table: Name of the table, such as ``split/warm``.
        rows: How many rows it has.
        result: Great Expectations' result.
    """

    table: str
    rows: int
    result: Any

    @property
    def failures(self) -> list[str]:
        """Every broken expectation in one readable line."""
        return [_failure(item) for item in self.result.results if not item.success]

    @property
    def page(self) -> str:
        """File name of the table's page."""
        return f"{self.table.replace('/', '-')}.html"


def validate_tables(tables: Mapping[str, tuple[pl.DataFrame, Sequence[Expectation]]]) -> list[Validation]:
    """Check tables against their expectations, in the order given."""
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    source = context.data_sources.add_pandas("mard")
    validations = []
    for name, (frame, expectations) in tables.items():
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(expectations)))
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=name, data=batch, suite=suite)
        )
        result = definition.run(batch_parameters={"dataframe": frame.to_pandas()}, run_id=_RUN)
        validations.append(Validation(name, frame.height, result))
    return validations


def enforce_quality(validations: Sequence[Validation]) -> None:
    """Stop if a table breaks an expectation.

    Raises:
        GateFailure: Of the first table that does, with what it breaks.
    """
    for validation in validations:
        if validation.failures:
            raise GateFailure("quality", validation.table, len(validation.failures), validation.failures[:5])


def write_data_docs(folder: Path, gates: Sequence[GateResult], validations: Sequence[Validation]) -> None:
    """Write ``index.html``, one page a table, and their style sheet."""
    write_text(folder / "style.css", files("mard.gates").joinpath("data_docs.css").read_text("utf-8"))
    write_text(folder / "index.html", _page("Gates and data quality", _overview(gates, validations)))
    for validation in validations:
        back = '<p><a href="index.html">All gates and tables</a></p>'
        body = f"<h1>{escape(validation.table)}</h1>{back}{_summary(validation)}{_sections(validation)}"
        write_text(folder / validation.page, _page(validation.table, body))


def _overview(gates: Sequence[GateResult], validations: Sequence[Validation]) -> str:
    gate_rows = [
        (
            _mark(gate.passed),
            gate.gate,
            gate.protocol,
            f"{gate.checked:,}",
            f"{gate.violations:,}",
            escape("; ".join(gate.examples)),
        )
        for gate in gates
    ]
    table_rows = [
        (
            _mark(validation.result.success),
            f'<a href="{validation.page}">{escape(validation.table)}</a>',
            f"{validation.rows:,}",
            _count(validation),
            escape("; ".join(validation.failures)),
        )
        for validation in validations
    ]
    return (
        "<h1>Gates and data quality</h1><h2>Leakage gates</h2>"
        + _table(("", "Gate", "Checked on", "Checked", "Violations", "Examples"), gate_rows)
        + "<p>Gate neighbour_universe runs in the stage retrieve and training_rows where models are trained, "
        "on the rows that each of them is about to write.</p><h2>Tables</h2>"
        + _table(("", "Table", "Rows", "Expectations met", "Broken"), table_rows)
    )


def _summary(validation: Validation) -> str:
    mark = _mark(validation.result.success)
    return f"<p>{mark} {_count(validation)} expectations met on {validation.rows:,} rows.</p>"


def _sections(validation: Validation) -> str:
    """The findings by column, without the renderer's first section: it is about the run."""
    document = ValidationResultsPageRenderer().render(validation.result)
    view = DefaultJinjaSectionView()
    rendered = (
        view.render({"section": section.to_json_dict(), "section_loop": {"index": number}})
        for number, section in enumerate(document.sections[1:])
    )
    return "".join(_ELEMENT_ID.sub("", section) for section in rendered)


def _count(validation: Validation) -> str:
    statistics = validation.result.statistics
    return f"{statistics['successful_expectations']} of {statistics['evaluated_expectations']}"


def _failure(item: Any) -> str:
    kwargs = item.expectation_config.kwargs
    columns = [str(kwargs[key]) for key in ("column", "column_A", "column_B") if key in kwargs]
    wrong = [
        f"{word} {_sorted(item.result[key])}"
        for key, word in _OBSERVATIONS.items()
        if item.result.get(key) not in (None, [])
    ]
    return f"{item.expectation_config.type}({', '.join(columns)}): {', '.join(wrong)}"


def _sorted(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value


def _mark(passed: bool) -> str:
    return '<span class="pass">pass</span>' if passed else '<span class="fail">FAIL</span>'


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="style.css"></head>\n'
        f"<body><main>{body}</main></body></html>\n"
    )
