from __future__ import annotations

from dataclasses import replace

from mard.evaluate.probes.plan import MISLED, TRIANGLE, altered, regimen_pairs
from mard.schema import Direction, DrugEvidence, Family, Label, Neighbour, Polarity, Pool
from tests.builders import voriconazole_axitinib

FAMILIES = {f"p{n}": Family.ADVERSE_RISK if n % 2 else Family.PK_METABOLISM for n in range(8)}


def pool_of(pair: str) -> Pool:
    """Neighbours of the pair's own family; the pools of p6 and p7 have no PK flags."""
    label = Label(FAMILIES[pair], "s", Direction.A_TO_B, Polarity.UP)
    pool = replace(voriconazole_axitinib(), neighbours=(Neighbour("DB1", "DB2", 0.5, label),))
    return pool if pair < "p6" else replace(pool, a=DrugEvidence("DB00582", "Voriconazole"))


def test_each_probe_asks_the_first_pairs_that_it_applies_to() -> None:
    asked = list(altered(FAMILIES, pool_of, FAMILIES, count=7, seed=1))
    by_probe: dict[str, list[str]] = {}
    for each in asked:
        by_probe.setdefault(each.probe, []).append(each.pair_id)
    assert {name: len(pairs) for name, pairs in by_probe.items()} == {
        **dict.fromkeys(("no_retrieval", "masked", "null_context", MISLED), 7),
        **dict.fromkeys(("role_flip", "flags_exchanged", "enzyme_swap"), 6),
    }
    assert by_probe["no_retrieval"] == by_probe["masked"]
    assert not {"p6", "p7"} & set(by_probe["role_flip"])


def test_who_is_misled_sees_neighbours_of_other_families_only() -> None:
    for each in altered(FAMILIES, pool_of, FAMILIES, count=8, seed=1):
        if each.probe == MISLED:
            assert FAMILIES[each.pair_id] not in {one.label.family for one in each.pool.neighbours}


def test_nothing_is_asked_of_no_pairs() -> None:
    assert list(altered(FAMILIES, pool_of, FAMILIES, count=0, seed=1)) == []


def test_a_pair_of_two_triangles_is_asked_once() -> None:
    pairs = ["a|b", "a|c", "b|c", "b|d", "c|d", "x|y"]
    pool = voriconazole_axitinib()
    asked = list(regimen_pairs(pairs, lambda _: pool, count=2, seed=1))
    assert [each.pair_id for each in asked] == pairs[:5]
    assert {each.probe for each in asked} == {TRIANGLE}
