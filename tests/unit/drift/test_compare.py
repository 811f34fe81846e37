"""All comparisons together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from mard.drift.compare import compare
from mard.drift.release import Release
from mard.label.taxonomy import load_taxonomy
from tests.corpora import corpus, drug_rows
from tests.unit.drift.small import release, told

TEMPLATE = ("{first} and {second}.", "AdverseRisk", "bleeding", "bidirectional", "up", 7)


def plain(**tables: object) -> Release:
    drugs = drug_rows(range(1, 7), atc={1: ["A01AA01"]}, moa={2: "Blocks a channel."})
    return release(**{"table": corpus(6), "drugs": drugs, "templates": [TEMPLATE], **tables})


def test_a_release_and_itself_have_no_differences() -> None:
    own = plain()
    drift = compare(own, own, load_taxonomy())
    assert drift.empty
    found = drift.to_dict()
    assert found["differences"] is False
    assert found["pairs"]["common"] == own.labels.height


def test_another_file_of_the_same_content_has_no_differences() -> None:
    own = plain()
    other = replace(own, info=replace(own.info, sha256="1" * 64, version="2", file="other.xml"))
    assert compare(own, other, load_taxonomy()).empty


@pytest.mark.parametrize(
    "change",
    [
        lambda own: replace(own, labels=own.labels[1:]),
        lambda own: replace(own, labels=own.labels.with_columns(polarity=pl.lit("up"))),
        lambda own: replace(own, labels=own.labels.with_columns(raw_subtype=pl.lit("another"))),
        lambda own: plain(drugs=own.drugs.with_columns(name=pl.lit("Same"))),
        lambda own: plain(drugs=own.drugs.with_columns(moa=pl.lit("Opens it."))),
        lambda own: plain(drugs=own.drugs[1:]),
        lambda _: plain(templates=[(*TEMPLATE[:-1], 8)]),
        lambda _: plain(unmatched=["DB00001|DB00002"]),
        lambda own: plain(interactions=told(own.labels, "again")),
        lambda _: plain(proteins=[("DB00001", "enzyme", "P08684", ["inhibitor"])]),
        lambda own: replace(own, conflicts=pl.DataFrame({"pair_id": ["DB00001|DB00002"]})),
    ],
)
def test_a_single_change_of_any_kind_is_a_difference(change: Callable[[Release], Release]) -> None:
    own = plain()
    assert not compare(own, change(own), load_taxonomy()).empty


def test_the_counts_are_plain_json() -> None:
    drift = compare(plain(), plain(table=corpus(6, seed=1)), load_taxonomy())
    assert json.loads(json.dumps(drift.to_dict(), allow_nan=False)) == drift.to_dict()
