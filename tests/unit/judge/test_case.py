"""What is looked up about a pool, worked out once."""

from __future__ import annotations

from dataclasses import replace

from mard.judge import lexicon
from mard.judge.case import Case
from mard.mirror import mirror
from mard.schema import Step, StepRole
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


def test_a_step_is_read_once_whatever_its_number() -> None:
    case = Case.of(voriconazole_axitinib())
    step = Step(1, StepRole.PK_FLAG, "Drug A inhibits CYP3A4 and CYP2D6.", ("A:cyp3a4_inh", "B:nowhere"))
    found = case.step(step)
    assert found.ungrounded == "B:nowhere"
    assert found.flags_off == ("A:cyp2d6_inh",)
    assert (found.words, found.refuses) == (6, False)
    assert case.step(replace(step, step=5)) is found
    assert case.step(replace(step, citations=())).ungrounded == "nothing"
    assert case.step(replace(step, citations=(), role=StepRole.DIRECTION)).ungrounded == ""
    assert case.step(replace(step, role=StepRole.EVIDENCE_GAP)).flags_off == (), "a gap asserts nothing"


def test_a_summary_is_read_with_its_names_masked() -> None:
    case = Case.of(voriconazole_axitinib())
    text = "Voriconazole may slow the metabolism of Drug B."
    found = case.summary(text)
    assert found.reading == lexicon.read("Drug A may slow the metabolism of Drug B.")
    assert (found.unnamed, found.words, found.hedging, found.refuses) == ((), 8, 1 / 8, False)
    assert case.summary("Axitinib: insufficient evidence.").unnamed == ("Drug A",)
    assert case.summary("Axitinib: insufficient evidence.").refuses
