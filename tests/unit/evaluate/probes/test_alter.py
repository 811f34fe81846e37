from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from mard.evaluate.probes import alter
from mard.evidence.render import render
from mard.mirror import mirror
from mard.schema import DrugEvidence, Neighbour, Pool
from tests.builders import METABOLISM_DOWN, voriconazole_axitinib
from tests.pools import pools

POOL = voriconazole_axitinib()
UNRELATED = replace(POOL, b=replace(POOL.b, pk_flags=("oct2_sub",)))


def test_retrieval_off_takes_the_neighbours_and_nothing_else() -> None:
    assert alter.no_retrieval(POOL) == replace(POOL, neighbours=())
    assert alter.no_retrieval(replace(POOL, neighbours=())) is None


def test_a_masked_pool_shows_no_name_or_id_anywhere() -> None:
    told = replace(POOL, a=replace(POOL.a, moa="Voriconazole blocks ergosterol."))
    hidden = alter.masked(told)
    text = render(hidden, detail="full")
    for word in ("Voriconazole", "Axitinib", "DB00582", "DB06626"):
        assert word not in text
    assert "Drug A blocks ergosterol." in text
    assert "nbr:DB11679|DBA" in hidden.citations
    assert hidden.a.pk_flags == told.a.pk_flags


def test_null_context_leaves_two_names() -> None:
    assert alter.null_context(POOL) == Pool(
        DrugEvidence("DB00582", "Voriconazole"),
        DrugEvidence("DB06626", "Axitinib"),
        alter._NOTHING,
    )


def test_misleading_retrieval_is_the_donors() -> None:
    donor = replace(POOL, neighbours=(Neighbour("DB1", "DB2", 0.3, METABOLISM_DOWN),))
    assert alter.cross_family_swap(POOL, donor) == donor


def test_a_role_flip_turns_only_the_flags_that_act_on_the_other_drug() -> None:
    flipped = alter.role_flip(POOL)
    assert flipped is not None
    assert flipped.a.pk_flags == ("cyp2c19_inh", "cyp2c19_sub", "cyp3a4_ind")
    assert flipped.b == POOL.b


def test_an_enzyme_swap_breaks_the_link_in_flags_and_accessions() -> None:
    swapped = alter.enzyme_swap(POOL)
    assert swapped is not None
    assert swapped.a.pk_flags == ("bcrp_inh", "cyp2c19_inh", "cyp2c19_sub")
    assert swapped.a.enzymes == ("P33261", "Q9UNQ0")
    assert swapped.b == POOL.b
    assert alter.role_flip(swapped) is None


def test_exchanged_flags_make_the_other_drug_the_actor() -> None:
    exchanged = alter.flags_exchanged(POOL)
    assert exchanged is not None
    assert (exchanged.a.pk_flags, exchanged.b.pk_flags) == (POOL.b.pk_flags, POOL.a.pk_flags)


@pytest.mark.parametrize("change", [alter.role_flip, alter.enzyme_swap, alter.flags_exchanged])
def test_without_a_flag_that_acts_on_the_other_drug_there_is_nothing_to_ask(change: object) -> None:
    assert change(UNRELATED) is None


@given(pools())
def test_flipping_the_pair_and_altering_it_commute(pool: Pool) -> None:
    for change in (alter.no_retrieval, alter.null_context, alter.role_flip, alter.flags_exchanged):
        once, other = change(pool), change(mirror(pool))
        assert other == (None if once is None else mirror(once))


@given(pools())
def test_a_role_flip_keeps_the_flags_sorted_and_as_many_unless_two_become_one(pool: Pool) -> None:
    flipped = alter.role_flip(pool)
    if flipped is not None:
        assert list(flipped.a.pk_flags) == sorted(set(flipped.a.pk_flags))
        assert {alter.protein_of(flag) for flag in flipped.a.pk_flags} == {
            alter.protein_of(flag) for flag in pool.a.pk_flags
        }
