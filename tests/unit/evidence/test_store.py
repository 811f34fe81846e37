from __future__ import annotations

import pytest

from mard.evidence.store import EvidenceStore

EMPTY = ("pk_flags", "atc", "targets", "enzymes", "transporters", "carriers", "pathways")


@pytest.fixture
def store():
    """Warfarin, whose mechanism and half-life each name aspirin (DB00002) once."""
    row = {
        "drug_id": "DB00001",
        "name": "Warfarin",
        **{name: [] for name in EMPTY},
        "half_life_hours": 40.0,
        "half_life_text": "40 hours, longer with aspirin",
        "half_life_names": ["DB00002"],
        "moa": ["Blocks VKOR.", "Adds to aspirin.", "Slow."],
        "moa_names": [[], ["DB00002"], []],
    }
    return EvidenceStore.from_rows([row])


def test_text_that_names_the_partner_is_left_out_of_their_pool_only(store):
    assert store.evidence("DB00001", "DB00003").moa == "Blocks VKOR. Adds to aspirin. Slow."
    assert store.evidence("DB00001", "DB00002").moa == "Blocks VKOR. Slow."


def test_a_half_life_keeps_its_hours_when_its_text_names_the_partner(store):
    assert store.evidence("DB00001", "DB00003").half_life_text == "40 hours, longer with aspirin"
    beside_aspirin = store.evidence("DB00001", "DB00002")
    assert (beside_aspirin.half_life_text, beside_aspirin.half_life_hours) == ("", 40.0)


def test_an_undescribed_drug_is_known_by_its_id_and_has_no_evidence(store):
    assert "DB99999" not in store
    nothing = store.evidence("DB99999", "DB00001")
    assert (nothing.name, nothing.citations) == ("DB99999", frozenset())
