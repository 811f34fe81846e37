"""Hand-made and random drugs for the tests of retrieval."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import polars as pl

from mard.config import Weights
from mard.retrieve.similarity import DrugFeatures
from mard.schema import LABEL, Label
from tests.corpora import drug_id

EVEN = Weights(0.25, 0.25, 0.25, 0.25)
BITS = 64
_SETS = ("pathways", "targets", "enzymes", "transporters", "carriers", "atc")


def drug(number: int, **sets: list[Any]) -> dict[str, Any]:
    """A row of the evidence table, with the positions of its fingerprint's bits."""
    return {"drug_id": drug_id(number), **{name: [] for name in _SETS}, "bits": [], **sets}


def features(*rows: dict[str, Any]) -> DrugFeatures:
    """Features of some drugs."""
    bits = np.zeros((len(rows), BITS), dtype=np.uint8)
    for place, row in enumerate(rows):
        bits[place, row["bits"]] = 1
    return DrugFeatures.build(table(rows), np.packbits(bits, axis=1))


def table(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """The rows as the evidence table has them."""
    schema = {"drug_id": pl.String, **dict.fromkeys(_SETS, pl.List(pl.String))}
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def labelled(pairs: Iterable[tuple[str, str, Label]]) -> pl.DataFrame:
    """Training pairs as the index takes them."""
    rows = [(a, b, *map(str, astuple(label))) for a, b, label in pairs]
    return pl.DataFrame(rows, schema=dict.fromkeys(("drug_a", "drug_b", *LABEL), pl.String), orient="row")


def random_features(
    count: int, seed: int, featureless: float = 0.2
) -> tuple[DrugFeatures, list[dict[str, Any]]]:
    """Random drugs, some of them without any feature, few enough values that scores tie."""
    draw = random.Random(seed)

    def some(values: list[Any]) -> list[Any]:
        return sorted(draw.sample(values, draw.randint(0, len(values))))

    proteins = ["P1", "P2", "P3"]
    rows = []
    for number in range(1, count + 1):
        if draw.random() < featureless:
            rows.append(drug(number))
            continue
        sets = {role: some(proteins) for role in ("targets", "enzymes", "transporters", "carriers")}
        sets |= {"pathways": some(["SMP1", "SMP2"]), "bits": some([0, 1, 2, 3])}
        rows.append(drug(number, **sets, atc=some(["L01EK01", "L01EB02", "J02AC03"])))
    return features(*rows), rows
