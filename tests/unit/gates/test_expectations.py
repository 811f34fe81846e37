"""Each suite meets a table that it is for and names what is wrong with a broken one."""

from __future__ import annotations

import polars as pl
import pytest

from mard.errors import GateFailure
from mard.gates.data_docs import Validation, enforce_quality, validate_tables
from mard.gates.expectations import (
    GATES,
    gate_suite,
    label_suite,
    manifest_suite,
    quality_suite,
    split_suite,
    subset_suite,
)
from mard.schema import Protocol
from mard.split.subset import evaluation_manifest
from mard.split.warm import warm_split
from tests.corpora import SUBTYPES, corpus
from tests.unit.split.params import PARAMS

NAMES = sorted({name for names in SUBTYPES.values() for name in names})
LABELS = corpus(25)
WARM = warm_split(LABELS, PARAMS)
RESULTS = pl.DataFrame({"gate": GATES, "violations": [0] * len(GATES)})
QUALITY = pl.DataFrame({"measure": ["unmatched descriptions"], "observed": [0.002], "allowed": [0.002]})


def checked(frame: pl.DataFrame, suite: list[object]) -> Validation:
    return validate_tables({"table": (frame, suite)})[0]


def with_first(frame: pl.DataFrame, **values: object) -> pl.DataFrame:
    """The table with some values of its first row replaced."""
    first = pl.int_range(pl.len()) == 0
    changed = {name: pl.when(first).then(pl.lit(value)).otherwise(name) for name, value in values.items()}
    return frame.with_columns(**changed)


def test_sound_tables_meet_every_expectation():
    manifest = evaluation_manifest(dict.fromkeys(Protocol, WARM), [20], seed=1)
    tables = {
        "label/labels": (LABELS, label_suite(NAMES)),
        "split/warm": (WARM, split_suite(Protocol.WARM, LABELS.height)),
        "split/teacher_subset": (WARM[:50], subset_suite(50)),
        "split/eval": (manifest, manifest_suite()),
        "gates": (RESULTS, gate_suite()),
        "quality": (QUALITY, quality_suite()),
    }
    enforce_quality(validate_tables(tables))


@pytest.mark.parametrize(
    ("frame", "suite", "failure"),
    [
        (with_first(LABELS, family="other"), label_suite(NAMES), "be_in_set(family): found ['other']"),
        (with_first(LABELS, subtype="gout"), label_suite(NAMES), "be_in_set(subtype): found ['gout']"),
        (with_first(LABELS, direction="n/a"), label_suite(NAMES), "be_in_set(direction): found ['n/a']"),
        (pl.concat([LABELS, LABELS[:1]]), label_suite(NAMES), "be_unique(pair_id)"),
        (with_first(LABELS, drug_a="DB9"), label_suite(NAMES), "match_regex(drug_a): found ['DB9']"),
        (WARM[1:], split_suite(Protocol.WARM, WARM.height), "row_count_to_equal()"),
        (with_first(WARM, part="aside"), split_suite(Protocol.WARM, WARM.height), "be_in_set(part)"),
        (
            WARM.with_columns(part=pl.lit("train")),
            split_suite(Protocol.WARM, WARM.height),
            "contain_set(part): missing ['test', 'val']",
        ),
        (WARM[:51], subset_suite(50), "row_count_to_be_between(): observed 51"),
        (with_first(RESULTS, violations=3), gate_suite(), "be_in_set(violations): found [3]"),
        (RESULTS[1:], gate_suite(), "contain_set(gate)"),
        (with_first(QUALITY, observed=0.0021), quality_suite(), "greater_than_b(allowed, observed)"),
    ],
)
def test_a_broken_table_fails_by_name(frame, suite, failure):
    found = checked(frame, suite).failures
    assert any(failure in line for line in found), found


def test_a_broken_table_stops_the_flow():
    with pytest.raises(GateFailure, match=r"gate quality fails on table: 1 violation, .*\(subtype\)"):
        enforce_quality([checked(LABELS, label_suite(NAMES)), checked(LABELS, label_suite(NAMES[1:]))])
