"""Protocols ``drug_cold`` and ``pair_cold``: one partition of the drugs, two rules for their pairs.

Salts, stereo-forms and retired ids of one active moiety stay together: knowing one is knowing all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from mard.config import Split
from mard.schema import DRUG_ID, Family
from mard.split.draw import ASIDE, TEST, TRAIN, VAL, Codes, drug_keys, stratified_parts
from mard.split.frames import PARTS, drug_numbers, families_of, with_part

STRATA: Final = 10
DRAWS: Final = 32

INCHIKEY_BLOCK: Final = re.compile(r"[A-Z]{14}")

Parts = npt.NDArray[np.int8]


def drug_partition(labels: pl.DataFrame, drugs: pl.DataFrame, params: Split) -> pl.DataFrame:
    """Assign every drug that occurs in a pair to train, val or test, whole moieties at a time.

    Moieties are stratified by the number of pairs that their drugs occur in: ten strata, or fewer
    where one would hold less than ten moieties. A rare family can miss the few pairs whose drugs
    are both held out, so of ``DRAWS`` seeded draws the first is taken that has every family there
    (the first of those that miss fewest, if none has).

    Args:
        labels: Table ``label/labels``.
        drugs: Table ``ingest/drugs``, for structures and secondary ids.
        params: Shares and seed.

    Returns:
        Table ``split/drug_partition``, sorted by drug id.
    """
    ids = pl.concat([labels["drug_a"], labels["drug_b"]])
    table = ids.alias("drug_id").value_counts(name="pairs").sort("drug_id")
    moiety = moieties(table["drug_id"], drugs)
    table = table.with_columns(
        pl.col("pairs").cast(pl.Int64),
        moiety=table["drug_id"].replace_strict(moiety, return_dtype=pl.String),
    )
    row = dict(zip(table["drug_id"], range(table.height), strict=True))
    a, b = (
        labels[side].replace_strict(row, return_dtype=pl.Int64).to_numpy() for side in ("drug_a", "drug_b")
    )
    families = families_of(labels)
    parts = min(_draws(table, params), key=lambda drawn: _missing(families, drawn[a], drawn[b]))
    named = pl.Series([str(PARTS[part]) for part in parts], dtype=pl.String)
    return table.with_columns(part=named).select("drug_id", "moiety", "part", "pairs")


def _draws(table: pl.DataFrame, params: Split) -> Iterator[Parts]:
    """Parts of the table's drugs, int8 ``[n]``, draw by draw."""
    groups = table.group_by("moiety").agg(pl.col("pairs").sum(), pl.col("drug_id").min())
    groups = groups.sort("pairs", "drug_id")
    count = groups.height
    strata = np.arange(count) * max(1, min(STRATA, count // 10)) // count
    place = dict(zip(groups["moiety"], range(count), strict=True))
    own = table["moiety"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    keys = drug_keys(drug_numbers(groups["drug_id"]), params.cold_seed)
    for _ in range(DRAWS):
        yield stratified_parts(strata, keys, params.val_share, params.test_share)[own]
        keys = drug_keys(keys, params.cold_seed)


def _missing(families: Codes, a: Parts, b: Parts) -> int:
    """Families that are absent from pairs of two val drugs, or of two test drugs."""
    held_out = [
        np.bincount(families[(a == part) & (b == part)], minlength=len(Family)) for part in (VAL, TEST)
    ]
    return int(sum((counts == 0).sum() for counts in held_out))


def drug_cold_split(labels: pl.DataFrame, partition: pl.DataFrame) -> pl.DataFrame:
    """A pair is test if either drug is, else val if either drug is, else train."""
    a, b = _drug_parts(labels, partition)
    return with_part(labels, np.maximum(a, b))


def pair_cold_split(labels: pl.DataFrame, partition: pl.DataFrame) -> pl.DataFrame:
    """A pair belongs to the part that both its drugs are in; mixed pairs are set aside."""
    a, b = _drug_parts(labels, partition)
    return with_part(labels, np.where(a == b, a, ASIDE).astype(np.int8))


def _drug_parts(labels: pl.DataFrame, partition: pl.DataFrame) -> tuple[Parts, Parts]:
    """Parts of the pairs' first and second drugs, in the order train < val < test."""
    codes = dict(zip(map(str, PARTS), (TRAIN, VAL, TEST), strict=False))
    part = dict(zip(partition["drug_id"], partition["part"].replace_strict(codes), strict=True))
    a, b = (
        labels[column].replace_strict(part, return_dtype=pl.Int8).to_numpy()
        for column in ("drug_a", "drug_b")
    )
    return a, b


def moieties(drug_ids: Iterable[str], drugs: pl.DataFrame) -> dict[str, str]:
    """The moiety of each drug: ids that are linked by any shared identity share one.

    A moiety is named for its first InChIKey block, or its first id where there is no structure.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = name = parent[parent[name]]
        return name

    for drug_id, identity in identities(drugs):
        low, high = sorted((root(drug_id), root(identity)), key=_structures_first)
        parent[high] = low
    return {drug_id: root(drug_id) for drug_id in drug_ids}


def identities(drugs: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """(drug id, identity) rows: the first block of the InChIKey, and every retired or secondary id."""
    for drug_id, secondary, inchikey in drugs.select("drug_id", "secondary_ids", "inchikey").iter_rows():
        if inchikey:
            yield drug_id, inchikey.split("-")[0]
        yield from ((drug_id, other) for other in secondary)


def _structures_first(identity: str) -> tuple[bool, bool, str]:
    return INCHIKEY_BLOCK.fullmatch(identity) is None, DRUG_ID.fullmatch(identity) is None, identity
