"""What another release does to the fixed pairs that a model was trained and judged on."""

from __future__ import annotations

import polars as pl

from mard.drift.drugs import compare_drugs
from mard.drift.manifests import ManifestDrift, compare_manifests
from mard.drift.pairs import compare_pairs
from tests.corpora import corpus, drug_rows
from tests.unit.drift.small import release


def test_vanished_and_relabelled_pairs_are_counted_by_list() -> None:
    drugs = drug_rows(range(1, 7))
    old = corpus(6, share=1.0)  # 15 pairs
    other = pl.when(pl.col("polarity") == "up").then(pl.lit("down")).otherwise(pl.lit("up"))
    new = old[3:].with_columns(polarity=pl.when(pl.int_range(pl.len()) < 4).then(other).otherwise("polarity"))
    before, after = release(old, drugs), release(new, drugs)
    drift = compare_pairs(before, after, compare_drugs(drugs, drugs))
    ids = old["pair_id"]  # 0, 1, 2 vanish; 3, 4, 5, 6 change label; 7 to 14 stay
    subset = pl.DataFrame({"pair_id": ids[[0, 3, 4, 10, 1]], "part": ["train"] * 4 + ["val"]})
    manifests = pl.DataFrame(
        {"protocol": ["warm"] * 3, "part": ["test"] * 3, "size": [2, 2, 500], "pair_id": ids[[2, 6, 14]]}
    )
    found = compare_manifests(subset, manifests, drift)
    assert found == (
        ManifestDrift("teacher_subset", "train", 4, pairs=4, vanished=1, relabelled=2),
        ManifestDrift("teacher_subset", "val", 1, pairs=1, vanished=1, relabelled=0),
        ManifestDrift("warm", "test", 2, pairs=2, vanished=1, relabelled=1),
        ManifestDrift("warm", "test", 500, pairs=1, vanished=0, relabelled=0),
    )
    assert [row.kept for row in found] == [1, 0, 0, 1]
