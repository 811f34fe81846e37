"""The two editions: sizes, balance, and the irregularities that are planted on purpose.

Sentences are read here by a grammar of their own, so that a slip in a wording cannot hide behind the
labeller that the pipeline uses.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from mard.ingest.sample.facts import load_drugs
from mard.ingest.sample.listings import ALTERED, FIRST, Edition, Listing, listings
from mard.label.taxonomy import load_taxonomy


@dataclass(frozen=True)
class Reading:
    family: str
    subtype: str
    direction: str
    polarity: str
    names: frozenset[str]


def pattern(sentence: str) -> re.Pattern[str]:
    """ONE, TWO and WHAT stand for the drugs and for the activity or harm; a second ONE is the same drug."""
    seen: set[str] = set()

    def slot(match: re.Match[str]) -> str:
        name = match[0]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.+)"

    return re.compile(re.sub(r"ONE|TWO|WHAT", slot, re.escape(sentence)))


GRAMMAR_FILE = Path(__file__).with_name("grammar.tsv")
GRAMMAR = [
    (pattern(row["sentence"]), row)
    for row in csv.DictReader(GRAMMAR_FILE.read_text().splitlines(), delimiter="\t")
]


def read(listing: Listing) -> Reading:
    text = " ".join(listing.description.split())
    matches = [(match, row) for known, row in GRAMMAR if (match := known.fullmatch(text))]
    assert len(matches) == 1, text
    match, row = matches[0]
    actor = {"one": "TWO", "two": "ONE"}.get(row["affected"])
    direction = "bidirectional"
    if actor:
        acts_first = NAMES[match[actor].lower()] == min(listing.listed_by, listing.other)
        direction = "a_to_b" if acts_first else "b_to_a"
    subtype = row["subtype"] or re.sub(r"\W+", "_", match["WHAT"].lower()).strip("_")
    names = frozenset({match["ONE"], match["TWO"]})
    return Reading(row["family"], subtype, direction, row["polarity"], names)


def by_pair(edition: Edition) -> dict[frozenset[str], dict[str, Listing]]:
    pairs: dict[frozenset[str], dict[str, Listing]] = defaultdict(dict)
    for listing in listings(edition):
        pairs[frozenset((listing.listed_by, listing.other))][listing.listed_by] = listing
    return pairs


NAMES = {alias.lower(): drug.drug_id for drug in load_drugs() for alias in (drug.name, *drug.synonyms)}
PRIMARY = {drug.name for drug in load_drugs()}
PAIRS = by_pair(FIRST)
REVISED = by_pair(ALTERED)
READINGS = {pair: [read(listing) for listing in sides.values()] for pair, sides in PAIRS.items()}


def test_the_release_is_large_enough() -> None:
    assert len(PAIRS) >= 4000
    assert len({drug for pair in PAIRS for drug in pair}) >= 150


def test_every_family_is_large_enough_for_a_stratified_split() -> None:
    families = Counter(readings[0].family for readings in READINGS.values())
    assert len(families) == 7
    assert min(families.values()) >= 200


def test_there_are_at_least_forty_subtypes_both_polarities_and_all_directions() -> None:
    first = [readings[0] for readings in READINGS.values()]
    assert len({(reading.family, reading.subtype) for reading in first}) >= 40
    assert {reading.polarity for reading in first} == {"up", "down"}
    assert {reading.direction for reading in first} == {"a_to_b", "b_to_a", "bidirectional"}


@pytest.mark.parametrize(
    "family", ["PK_Metabolism", "PK_Distribution", "PK_Excretion", "PD_Activity", "Efficacy"]
)
def test_the_order_of_the_ids_says_little_about_direction(family: str) -> None:
    directions = Counter(
        readings[0].direction for readings in READINGS.values() if readings[0].family == family
    )
    forward = directions["a_to_b"] / (directions["a_to_b"] + directions["b_to_a"])
    assert 0.35 < forward < 0.65


def test_which_side_of_a_disputed_pair_speaks_of_itself_is_open() -> None:
    """The listing drug is the affected one in about as many listings as it is the actor."""
    acting = Counter(
        (reading.direction == "a_to_b") == (listing.listed_by == min(pair))
        for pair, sides in PAIRS.items()
        for listing in sides.values()
        if (reading := read(listing)).direction != "bidirectional"
    )
    assert 0.4 < acting[True] / acting.total() < 0.6


def test_a_sentence_names_its_two_drugs_and_no_other() -> None:
    for pair, readings in READINGS.items():
        for reading in readings:
            assert {NAMES[name.lower()] for name in reading.names} == set(pair)


def test_the_subtypes_are_those_of_the_vocabulary() -> None:
    """All but five activities that only an older release names; they collapse to misc_pd_activity."""
    used = {reading.subtype for readings in READINGS.values() for reading in readings}
    unknown = used - set(load_taxonomy().names)
    assert unknown == {
        "hypercalcemic",
        "hyponatremic",
        "myopathic_rhabdomyolysis",
        "ototoxic",
        "respiratory_depressant",
    }


def test_voriconazole_slows_the_metabolism_of_axitinib_in_both_listings_of_both_editions() -> None:
    pair = frozenset(("DB00582", "DB06626"))
    for edition in (PAIRS, REVISED):
        assert {listing.description for listing in edition[pair].values()} == {
            "The metabolism of Axitinib can be decreased when combined with Voriconazole."
        }
        assert set(edition[pair]) == pair
    reading = READINGS[pair][0]
    assert (reading.family, reading.direction, reading.polarity) == ("PK_Metabolism", "a_to_b", "down")


def test_a_few_pairs_are_listed_on_one_side_only_either_side() -> None:
    lonely = [(pair, next(iter(sides))) for pair, sides in PAIRS.items() if len(sides) == 1]
    assert 10 <= len(lonely) <= 60
    assert {listed_by == min(pair) for pair, listed_by in lonely} == {True, False}


def test_a_few_dozen_pairs_carry_two_different_sentences() -> None:
    disputed = {
        pair for pair, sides in PAIRS.items() if len({item.description for item in sides.values()}) == 2
    }
    assert 24 <= len(disputed) <= 120
    meanings = [
        len({(r.family, r.subtype, r.direction, r.polarity) for r in READINGS[pair]}) for pair in disputed
    ]
    assert meanings.count(2) >= 24


def test_some_sentences_use_a_synonym() -> None:
    renamed = [pair for pair, readings in READINGS.items() if not readings[0].names <= PRIMARY]
    assert 0.002 < len(renamed) / len(PAIRS) < 0.02


def test_two_pairs_contain_a_line_break() -> None:
    broken = {pair for pair, sides in PAIRS.items() for item in sides.values() if "\n" in item.description}
    assert len(broken) == 2


def test_listings_are_sorted_and_unique() -> None:
    keys = [(item.listed_by, item.other) for item in listings(FIRST)]
    assert keys == sorted(set(keys))
    assert all(listed_by != other for listed_by, other in keys)


def test_the_altered_edition_adds_and_withdraws_drugs() -> None:
    first, altered = ({drug.name for drug in edition.drugs()} for edition in (FIRST, ALTERED))
    assert altered - first == {"Ivabradine", "Repaglinide", "Ruxolitinib"}
    assert first - altered == {"Cisapride", "Practolol", "Terfenadine"}
    assert ALTERED.exported_on > FIRST.exported_on


def test_the_altered_edition_has_new_pairs_of_old_drugs_and_new_sentences_for_old_pairs() -> None:
    kept = {drug.drug_id for drug in FIRST.drugs()} & {drug.drug_id for drug in ALTERED.drugs()}
    new = [pair for pair in REVISED.keys() - PAIRS.keys() if pair <= kept]
    assert len(new) >= 50
    assert [pair for pair in PAIRS.keys() - REVISED.keys() if pair <= kept] == []
    changed = [
        pair
        for pair in PAIRS.keys() & REVISED.keys()
        if {i.description for i in PAIRS[pair].values()} != {i.description for i in REVISED[pair].values()}
    ]
    assert 20 <= len(changed) <= 200
