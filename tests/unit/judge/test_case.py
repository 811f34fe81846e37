"""What is looked up about a pool, worked out once."""

from __future__ import annotations

from dataclasses import replace

from mard.judge.case import Case
from mard.mirror import mirror
from tests.builders import voriconazole_axitinib


def test_flags_are_sided_and_citations_are_the_pools() -> None:
    pool = voriconazole_axitinib()
    case = Case.of(pool)
    assert case.flags == {"A:cyp2c19_inh", "A:cyp2c19_sub", "A:cyp3a4_inh", "B:cyp3a4_sub"}
    assert case.citations == pool.citations


def test_items_count_what_the_poorer_drug_offers() -> None:
    pool = voriconazole_axitinib()
    # Axitinib: one flag, one class, one target, one enzyme, a half-life. Voriconazole has 8.
    assert Case.of(pool).items == Case.of(mirror(pool)).items == 5


def test_names_are_masked_on_word_boundaries_in_any_case_the_longer_first() -> None:
    rich = voriconazole_axitinib()
    pool = replace(rich, a=replace(rich.a, name="Iron"), b=replace(rich.b, name="Iron dextran (1:2)"))
    masked = Case.of(pool).masked("IRON DEXTRAN (1:2) and iron, but not environment.")
    assert masked == "Drug B and Drug A, but not environment."
