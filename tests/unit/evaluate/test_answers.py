from __future__ import annotations

import polars as pl

from mard.evaluate.answers import Labels
from tests.unit.evaluate.labels import labels


def _frame(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame(
        {"family": ["Efficacy"], "subtype": ["x"], "direction": ["a_to_b"], "polarity": ["up"]} | columns
    )


def test_an_answer_that_was_not_parsed_becomes_empty_text() -> None:
    unparsed = Labels.of(_frame(parsed=[False]))
    assert [unparsed.family[0], unparsed.subtype[0], unparsed.direction[0], unparsed.polarity[0]] == [""] * 4
    assert Labels.of(_frame(parsed=[True])).family[0] == "Efficacy"


def test_a_path_names_the_subtype_inside_its_family() -> None:
    assert labels("Efficacy x a_to_b").path.tolist() == ["Efficacy/x"]
