"""The flip is an involution on every type that depends on the order of the pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.mirror import mirror, mirror_citation, mirror_text
from mard.schema import Direction, Family, Label, Polarity, Trace
from tests.builders import metabolism_trace, voriconazole_axitinib

citations = st.one_of(
    st.builds("{}:{}".format, st.sampled_from(["A", "B", "pair", "nbr"]), st.text(min_size=1, max_size=12)),
    st.text(max_size=12),
)
texts = st.lists(
    st.sampled_from(
        ["Drug A", "Drug B", "drugs A", "A", "a_to_b", "b_to_a", "inhibits", "Drug Above", ".", " "]
    )
).map(" ".join)


@pytest.mark.parametrize(
    ("direction", "image"),
    [
        (Direction.A_TO_B, Direction.B_TO_A),
        (Direction.B_TO_A, Direction.A_TO_B),
        (Direction.BIDIRECTIONAL, Direction.BIDIRECTIONAL),
        (Direction.NONE, Direction.NONE),
    ],
)
def test_direction_swaps_only_the_two_one_way_tags(direction: Direction, image: Direction) -> None:
    assert mirror(direction) is image


@given(citations)
def test_citation_twice_is_identity(citation: str) -> None:
    assert mirror_citation(mirror_citation(citation)) == citation


@given(texts)
def test_text_twice_is_identity(text: str) -> None:
    assert mirror_text(mirror_text(text)) == text


@given(
    st.builds(
        Label, st.sampled_from(Family), st.text(), st.sampled_from(Direction), st.sampled_from(Polarity)
    )
)
def test_label_twice_is_identity_and_keeps_all_but_direction(label: Label) -> None:
    image = mirror(label)
    assert mirror(image) == label
    assert (image.family, image.subtype, image.polarity) == (label.family, label.subtype, label.polarity)


def test_pool_swaps_drugs_and_aligns_neighbours() -> None:
    pool = voriconazole_axitinib()
    image = mirror(pool)
    assert (image.a, image.b, image.pair) == (pool.b, pool.a, pool.pair)
    neighbour = image.neighbours[0]
    assert (neighbour.first, neighbour.second) == ("DB11679", "DB00582")
    assert neighbour.label.direction is Direction.B_TO_A
    assert neighbour.citation == pool.neighbours[0].citation
    assert mirror(image) == pool


def test_trace_is_grounded_in_its_pool_on_both_sides() -> None:
    trace, pool = metabolism_trace(), voriconazole_axitinib()
    image = mirror(trace)
    assert {c for step in image.steps for c in step.citations} <= mirror(pool).citations
    assert image.steps[0].claim == "Drug B inhibits CYP3A4."
    assert image.steps[3].claim == "The mechanism is PK_Metabolism, b_to_a."
    assert image.final_answer.direction is Direction.B_TO_A
    assert mirror(image) == trace


def test_names_of_drugs_and_articles_stay() -> None:
    assert mirror_text("A strong inhibitor, Drug A, meets Vitamin A and drug B") == (
        "A strong inhibitor, Drug B, meets Vitamin A and drug A"
    )


def test_mirrored_trace_survives_the_json_round_trip() -> None:
    image = mirror(metabolism_trace())
    assert Trace.from_json(image.to_json()) == image


def test_a_type_without_a_mirror_image_is_refused() -> None:
    with pytest.raises(TypeError, match="int has no mirror image"):
        mirror(3)
