"""What a terminal shows."""

from __future__ import annotations

import polars as pl

from mard.drift.compare import compare
from mard.drift.summary import summary
from mard.label.taxonomy import load_taxonomy
from tests.corpora import drug_rows, labels
from tests.unit.drift.small import relabel, release


def test_the_same_release_twice() -> None:
    own = release(labels([(1, 2), (1, 3)]), drug_rows([1, 2, 3]))
    assert summary(compare(own, own, load_taxonomy())).splitlines() == [
        "OLD  small.xml  version 1, 2026-01-01  3 drugs, 2 pairs",
        "NEW  small.xml  version 1, 2026-01-01  3 drugs, 2 pairs",
        "",
        "no differences",
    ]


def test_the_headline_counts_and_the_matrix() -> None:
    kind = {"family": "AdverseRisk", "subtype": "bleeding", "direction": "a_to_b", "polarity": "up"}
    pairs = labels([(1, 2), (1, 3), (2, 3)])
    old = relabel(pairs, dict.fromkeys(pairs["pair_id"], kind))
    new = relabel(old, {"DB00001|DB00003": {"family": "Efficacy", "subtype": "therapeutic_efficacy"}})
    drift = compare(
        release(old, drug_rows([1, 2, 3])),
        release(
            new.filter(pl.col("pair_id") != "DB00002|DB00003"), drug_rows([1, 2, 3, 4], atc={1: ["A01AA01"]})
        ),
        load_taxonomy(),
    )
    said = summary(drift)
    assert "drugs      1 added, 0 removed" in said
    assert "pairs      0 added\n           1 removed: 1 of drugs that both releases have" in said
    assert "labels     1 of 2 common pairs changed (50.00%)" in said
    assert "1 another family" in said
    assert "ATC codes" in said
    assert "SMILES" not in said
    matrix = {line.split()[0]: line.split()[1:] for line in said.splitlines()[-8:]}
    assert matrix["Risk"] == ["1", "1", *["."] * 5, "1"]
    assert matrix["added"] == ["."] * 8
