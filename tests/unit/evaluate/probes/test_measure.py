from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from mard.evaluate.probes.measure import EXPECTED, measure_probes, measure_regimens
from mard.evaluate.probes.plan import ALTERATIONS, MISLED
from tests.unit.evaluate.labels import M, R

PAIRS = ["DB1|DB2", "DB1|DB3", "DB2|DB3", "DB4|DB5"]
COLUMNS = ("family", "subtype", "direction", "polarity")


def frame(*rows: str, **columns: Any) -> pl.DataFrame:
    """Each row is ``family direction polarity``."""
    cells = [(family, "s", direction, polarity) for family, direction, polarity in map(str.split, rows)]
    n = len(rows)
    drugs = {"drug_a": [p[:3] for p in PAIRS[:n]], "drug_b": [p[4:] for p in PAIRS[:n]]}
    made = pl.DataFrame(cells, schema=COLUMNS, orient="row").with_columns(pair_id=pl.Series(PAIRS[:n]))
    return made.with_columns(pl.DataFrame({**drugs, **columns}).get_columns())


def after(probe: str, *rows: str, abstain: list[bool] | None = None, shown: str = R) -> pl.DataFrame:
    n = len(rows)
    counts = {"citations": [4] * n, "grounded": [3] * n, "supported": [1] * n}
    return frame(
        *rows,
        probe=[probe] * n,
        shown=[shown] * n,
        confidence=[0.5] * n,
        abstain=abstain or [False] * n,
        **counts,
    )


GOLD = frame(f"{M} a_to_b down", f"{M} a_to_b down", f"{R} bidirectional up", f"{R} b_to_a up")
BEFORE = GOLD.with_columns(confidence=pl.lit(0.9), abstain=pl.lit(False), parsed=pl.lit(True))


def measured(rows: pl.DataFrame) -> dict[str, Any]:
    (row,) = measure_probes(GOLD, BEFORE, rows, resamples=200, seed=1)
    return row


def test_every_alteration_has_an_expectation() -> None:
    assert set(EXPECTED) == {*ALTERATIONS, MISLED}


def test_a_role_flip_is_met_by_turning_the_polarity_within_the_family() -> None:
    row = measured(
        after("role_flip", f"{M} a_to_b up", f"{R} a_to_b up", f"{R} bidirectional down", f"{R} b_to_a up")
    )
    # of the two pharmacokinetic answers, one turned and one changed its family instead
    assert (row["expected_of"], row["as_expected"]) == (2, 0.5)
    assert row["family_changed"] == 0.25


def test_exchanged_flags_are_met_by_turning_the_direction() -> None:
    rows = (f"{M} b_to_a down", f"{M} bidirectional down", f"{R} bidirectional up", f"{R} a_to_b up")
    assert measured(after("flags_exchanged", *rows))["as_expected"] == 0.5


def test_an_enzyme_swap_is_met_by_leaving_the_family_or_abstaining() -> None:
    rows = (f"{M} a_to_b down", f"{M} n/a down", f"{R} bidirectional up", f"{R} b_to_a up")
    assert measured(after("enzyme_swap", *rows, abstain=[False, True, False, False]))["as_expected"] == 0.5


def test_misleading_neighbours_are_resisted_by_keeping_the_family() -> None:
    rows = (f"{R} a_to_b up", f"{M} a_to_b down", f"{R} bidirectional up", f"{R} b_to_a up")
    row = measured(after(MISLED, *rows))
    assert row["as_expected"] == 0.75
    # three of four answers are the family that the neighbours shown have, right or wrong
    assert row["follows_shown"] == 0.75


def test_figures_before_and_after_by_hand() -> None:
    row = measured(after("no_retrieval", *[f"{R} a_to_b up"] * 4, shown=""))
    assert (row["accuracy_before"], row["accuracy"]) == (1.0, 0.5)
    # only AdverseRisk is answered: F1 2 * 2 / (2 + 4) there, 0 for PK_Metabolism
    assert row["macro_f1"] == pytest.approx(1 / 3, abs=1e-6)
    assert row["macro_f1_difference"]["difference"] == pytest.approx(-2 / 3, abs=1e-6)
    assert row["follows_shown"] == "unscored"
    assert (row["confidence_before"], row["confidence"], row["hr"]) == (0.9, 0.5, 0.25)


def test_a_probe_that_was_not_asked_has_no_row() -> None:
    assert measure_probes(GOLD, BEFORE, after("masked"), resamples=10, seed=1) == []


def test_regimens_read_the_triangle_rows() -> None:
    rows = (f"{M} a_to_b up", f"{M} a_to_b up", f"{M} a_to_b up")
    found = measure_regimens(GOLD, after("triangle", *rows))
    assert (found["triangles"], found["right"]) == (1, [0, 0, 1, 0])
