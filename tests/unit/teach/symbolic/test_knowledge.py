"""The tables hold together, and evidence marks the properties that it should."""

from __future__ import annotations

import re
from dataclasses import replace

from mard.label.taxonomy import load_taxonomy
from mard.schema import DrugEvidence
from mard.teach.symbolic.knowledge import load_knowledge

WARFARIN = DrugEvidence("DB00682", "Warfarin", atc=("B01AA03",))


def test_every_property_is_marked_named_and_used() -> None:
    knowledge = load_knowledge()
    marked = {name for keys in knowledge.marks.values() for names in keys.values() for name in names}
    used = {name for pair in knowledge.consequences for name in pair}
    assert marked | used == set(knowledge.nouns)


def test_every_consequence_is_in_the_vocabulary_and_believed() -> None:
    taxonomy = load_taxonomy()
    for found in load_knowledge().consequences.values():
        for one in found:
            assert taxonomy.knows(one.family, one.subtype), one
            assert 0 < one.strength < 3, one


def test_keys_have_the_shape_of_their_evidence() -> None:
    marks = load_knowledge().marks
    assert [key for key in marks["atc"] if not re.fullmatch(r"[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?", key)] == []
    assert [key for key in marks["protein"] if not re.fullmatch(r"[OPQ]\d[A-Z\d]{3}\d", key)] == []
    assert [key for key in marks["moa"] if key != key.lower()] == []


def test_a_class_marks_a_property_with_its_full_code() -> None:
    assert load_knowledge().properties(WARFARIN) == {"anticoagulant": "ATC:B01AA03"}


def test_a_class_is_better_evidence_than_a_target_and_a_target_than_words() -> None:
    words = DrugEvidence("DB00001", "X", moa="It inhibits thrombin.")
    target = replace(words, targets=("P00734",))
    assert load_knowledge().properties(words)["anticoagulant"] == "moa"
    assert load_knowledge().properties(target)["anticoagulant"] == "P00734"
    assert load_knowledge().properties(replace(target, atc=("B01AE02",)))["anticoagulant"] == "ATC:B01AE02"


def test_nothing_is_marked_where_nothing_is_known() -> None:
    assert load_knowledge().properties(DrugEvidence("DB00001", "X")) == {}
