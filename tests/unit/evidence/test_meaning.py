from __future__ import annotations

from dataclasses import replace

from mard.evidence.meaning import meanings
from mard.mirror import mirror, mirror_citation
from tests.builders import voriconazole_axitinib

POOL = replace(
    voriconazole_axitinib(), a=replace(voriconazole_axitinib().a, pathways=("SMP0000640",), half_life_text="")
)


def name_of(drug_id: str) -> str:
    return {"DB00582": "Voriconazole", "DB11679": "Fruquintinib"}[drug_id]


def test_every_citation_of_the_pool_has_a_meaning_and_nothing_else() -> None:
    assert set(meanings(POOL, name_of)) == POOL.citations
    assert set(meanings(mirror(POOL), name_of)) == mirror(POOL).citations


def test_meanings_name_the_drug_that_they_are_about() -> None:
    found = meanings(POOL, name_of)
    assert found["A:cyp3a4_inh"] == "Voriconazole inhibits CYP3A4"
    assert found["B:cyp3a4_sub"] == "Axitinib is a substrate of CYP3A4"
    assert found["B:P35968"] == "UniProt P35968 is target of Axitinib"
    assert found["A:half_life"] == "half-life of Voriconazole: 6 hours"
    assert found["pair:protein_jaccard"] == "proteins in common (Jaccard): 0.33"
    assert found["nbr:DB00582|DB11679"] == (
        "known pair Voriconazole (as A) and Fruquintinib (as B): "
        "PK_Metabolism / metabolism / a_to_b / down, similarity 0.41"
    )


def test_a_drugs_own_facts_read_the_same_from_the_other_side() -> None:
    flipped = meanings(mirror(POOL), name_of)
    for citation, meaning in meanings(POOL, name_of).items():
        if not citation.startswith("nbr:"):
            assert flipped[mirror_citation(citation)] == meaning
