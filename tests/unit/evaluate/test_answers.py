from __future__ import annotations

import polars as pl

from mard.evaluate.answers import Labels, mirrored
from tests.unit.evaluate.labels import labels


def _frame(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame(
        {"family": ["Efficacy"], "subtype": ["x"], "direction": ["a_to_b"], "polarity": ["up"]} | columns
    )


def test_an_answer_that_was_not_parsed_becomes_empty_text() -> None:
    unparsed = Labels.of(_frame(parsed=[False]))
    assert [unparsed.family[0], unparsed.subtype[0], unparsed.direction[0], unparsed.polarity[0]] == [""] * 4
    assert Labels.of(_frame(parsed=[True])).family[0] == "Efficacy"


def test_mirroring_swaps_only_the_two_ordered_directions() -> None:
    tags = labels("E s a_to_b", "E s b_to_a", "E s bidirectional", "E s n/a").direction
    assert mirrored(tags).tolist() == ["b_to_a", "a_to_b", "bidirectional", "n/a"]
    assert mirrored(mirrored(tags)).tolist() == tags.tolist()


def test_a_path_names_the_subtype_inside_its_family() -> None:
    assert labels("Efficacy x a_to_b").path.tolist() == ["Efficacy/x"]
