from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from mard.label.taxonomy import Entry, Taxonomy, load_taxonomy, misc, vocabulary
from mard.schema import Family

TEMPLATES = Path(__file__).with_name("templates.tsv")
PUBLISHED = {
    Family.ADVERSE_RISK: 91,
    Family.PD_ACTIVITY: 47,
    Family.PK_DISTRIBUTION: 3,
    Family.EFFICACY: 2,
    Family.PK_ABSORPTION: 2,
    Family.PK_EXCRETION: 1,
    Family.PK_METABOLISM: 1,
}


def reference_pairs() -> Counter[tuple[Family, str]]:
    pairs: Counter[tuple[Family, str]] = Counter()
    with TEMPLATES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            pairs[Family(row["family"]), row["subtype"]] += int(row["pairs_2026_04"])
    return pairs


def test_the_published_number_of_subtypes_per_family():
    taxonomy = load_taxonomy()
    assert {family: len(taxonomy.subtypes(family)) for family in Family} == PUBLISHED
    assert len(taxonomy.names) == len(set(taxonomy.names)) == 147


def test_the_packaged_file_is_what_the_rule_makes_of_the_reference_templates():
    pairs = reference_pairs()
    taxonomy = load_taxonomy()
    assert taxonomy.subtypes_by_family == vocabulary(pairs)
    for entry in taxonomy.entries:
        assert entry.pairs == pairs[entry.family, entry.subtype]


def test_the_rule_keeps_fifty_pairs_and_drops_forty_nine():
    pairs = {(Family.PD_ACTIVITY, "diuretic"): 50, (Family.PD_ACTIVITY, "ototoxic"): 49}
    assert vocabulary(pairs) == {
        (Family.PD_ACTIVITY, "diuretic"),
        (Family.PD_ACTIVITY, "misc_pd_activity"),
        (Family.ADVERSE_RISK, "misc_adverserisk"),
    }


def test_every_subtype_says_what_it_means_in_its_own_words():
    taxonomy = load_taxonomy()
    descriptions = [taxonomy.describe(name) for name in taxonomy.names]
    assert len(set(descriptions)) == 147
    assert taxonomy.describe("qtc_prolongation").startswith("Risk or severity of QTc prolongation: ")
    assert taxonomy.reference_pairs("bleeding") == 25904


def test_collapse_keeps_the_vocabulary_and_gathers_the_rest():
    taxonomy = load_taxonomy()
    assert taxonomy.collapse(Family.ADVERSE_RISK, "bleeding") == "bleeding"
    assert taxonomy.collapse(Family.ADVERSE_RISK, "heart_failure") == "misc_adverserisk"
    assert taxonomy.collapse(Family.PD_ACTIVITY, "bleeding") == "misc_pd_activity"
    for family in Family:
        assert all(taxonomy.collapse(family, name) == name for name in taxonomy.subtypes(family))
        assert all(taxonomy.family_of(name) is family for name in taxonomy.subtypes(family))


def test_misc_names_only_the_two_open_families():
    names = {name for name in load_taxonomy().names if name.startswith("misc_")}
    assert names == {misc(Family.ADVERSE_RISK), misc(Family.PD_ACTIVITY)}


def test_a_subtype_listed_twice_is_refused():
    entry = Entry(Family.EFFICACY, "therapeutic_efficacy", 1, "")
    with pytest.raises(ValueError, match="listed twice"):
        Taxonomy("test", (entry, entry))
