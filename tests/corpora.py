"""Small random corpora in the shape of the pipeline's tables."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import polars as pl

from mard.schema import Family

SUBTYPES = {
    Family.ADVERSE_RISK: ("bleeding", "sedation", "qtc_prolongation"),
    Family.EFFICACY: ("therapeutic_efficacy",),
    Family.PD_ACTIVITY: ("hypotensive", "anticoagulant"),
    Family.PK_ABSORPTION: ("absorption",),
    Family.PK_DISTRIBUTION: ("serum_concentration",),
    Family.PK_EXCRETION: ("excretion",),
    Family.PK_METABOLISM: ("metabolism",),
}

Label = tuple[str, str, str, str]


def drug_id(number: int) -> str:
    """DB00007 for 7."""
    return f"DB{number:05d}"


def labels(
    pairs: Iterable[tuple[int, int]], seed: int = 0, families: Iterable[Family] = Family
) -> pl.DataFrame:
    """``label/labels`` of numbered drug pairs with seeded random labels."""
    draw = random.Random(seed)
    kinds = list(families)
    rows = []
    for one, other in sorted({tuple(sorted(pair)) for pair in pairs}):
        family = draw.choice(kinds)
        subtype = draw.choice(SUBTYPES[family])
        direction = draw.choice(("a_to_b", "b_to_a", "bidirectional"))
        a, b = drug_id(one), drug_id(other)
        rows.append((f"{a}|{b}", a, b, str(family), subtype, direction, draw.choice(("up", "down")), subtype))
    columns = ("pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity", "raw_subtype")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def corpus(drugs: int, share: float = 0.5, seed: int = 0) -> pl.DataFrame:
    """``label/labels`` with a random ``share`` of all pairs of ``drugs`` drugs."""
    draw = random.Random(seed)
    return labels((pair for pair in combinations(range(1, drugs + 1), 2) if draw.random() < share), seed)


def drug_rows(numbers: Iterable[int], **changes: dict[int, Any]) -> pl.DataFrame:
    """``ingest/drugs`` of plain drugs; ``changes`` gives a column's value by drug number."""
    schema = {
        "drug_id": pl.String,
        "name": pl.String,
        "type": pl.String,
        "groups": pl.List(pl.String),
        "secondary_ids": pl.List(pl.String),
        "aliases": pl.List(pl.String),
        "smiles": pl.String,
        "inchikey": pl.String,
        "atc": pl.List(pl.String),
        "moa": pl.String,
        "half_life": pl.String,
    }
    rows = []
    for number in numbers:
        row = {name: [] if isinstance(kind, pl.List) else "" for name, kind in schema.items()}
        row |= {"drug_id": drug_id(number), "name": f"Drugname{number:05d}", "smiles": None, "inchikey": None}
        rows.append(row | {name: values[number] for name, values in changes.items() if number in values})
    return pl.DataFrame(rows, schema=schema)
