"""Neighbours vote with the square of their similarity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mard.mirror import mirror
from mard.schema import Direction, Neighbour
from mard.teach.symbolic.analogy import analogy_arguments
from tests.builders import METABOLISM_DOWN, voriconazole_axitinib

TURNED = replace(METABOLISM_DOWN, direction=Direction.B_TO_A)


def neighbours(*rows: tuple[float, object]) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(f"DB1000{number}", f"DB2000{number}", similarity, label)  # type: ignore[arg-type]
        for number, (similarity, label) in enumerate(rows)
    )


def test_strength_is_the_share_of_the_weighted_vote() -> None:
    shown = neighbours((0.6, METABOLISM_DOWN), (0.3, TURNED), (0.3, TURNED))
    found = {a.label: a for a in analogy_arguments(replace(voriconazole_axitinib(), neighbours=shown))}
    # Weights 0.36, 0.09, 0.09: shares 2/3 and 1/3 of 3 logits, the closest above 0.5 and so trusted.
    assert found[METABOLISM_DOWN].strength == pytest.approx(2.0)
    assert found[TURNED].strength == pytest.approx(1.0)
    assert [draft.citations for draft in found[TURNED].drafts] == [
        ("nbr:DB10001|DB20001",),
        ("nbr:DB10002|DB20002",),
    ]


def test_distant_neighbours_are_trusted_less() -> None:
    shown = neighbours((0.25, METABOLISM_DOWN))
    (found,) = analogy_arguments(replace(voriconazole_axitinib(), neighbours=shown))
    assert found.strength == pytest.approx(3.0 * 0.25 / 0.5)


def test_the_closest_pair_is_called_so_wherever_it_stands() -> None:
    """In proportion, the first neighbour is of the family that most of train speaks for."""
    shown = neighbours((0.25, METABOLISM_DOWN), (0.6, TURNED))
    found = {a.label: a for a in analogy_arguments(replace(voriconazole_axitinib(), neighbours=shown))}
    assert found[TURNED].drafts[0].phrasings[0].startswith("The closest")
    assert not found[METABOLISM_DOWN].drafts[0].phrasings[0].startswith("The closest")
    # weights 0.0625 and 0.36; the closest is above 0.5, so all are trusted
    assert found[METABOLISM_DOWN].strength == pytest.approx(3.0 * 0.0625 / 0.4225)


@pytest.mark.parametrize("shown", [(), neighbours((0.0, METABOLISM_DOWN))])
def test_nothing_alike_is_no_analogy(shown: tuple[Neighbour, ...]) -> None:
    assert list(analogy_arguments(replace(voriconazole_axitinib(), neighbours=shown))) == []


def test_the_direction_transfers_and_turns_with_the_pair() -> None:
    (here,) = analogy_arguments(voriconazole_axitinib())
    (there,) = analogy_arguments(mirror(voriconazole_axitinib()))
    assert here.label.direction is Direction.A_TO_B
    assert there.label == mirror(here.label)
