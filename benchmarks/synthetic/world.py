"""A whole release before it is written: its drugs, its pairs, and who tells what about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from benchmarks.synthetic.drugs import SyntheticDrug, draw_drugs
from benchmarks.synthetic.mechanisms import load_templates
from benchmarks.synthetic.pairs import ONLY_A, ONLY_B, Flags, Pairs, Rows, draw_pairs
from benchmarks.synthetic.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Listings:
    """``n`` listings in order of (owner, other): rows of two drugs, and of their pair; each ``[n]``."""

    owner: Rows
    other: Rows
    pair: Rows


@dataclass(frozen=True)
class World:
    """Everything that (scale, seed) decides."""

    sizes: Sizes
    drugs: list[SyntheticDrug]
    pairs: Pairs

    @classmethod
    def build(cls, scale: float, seed: int) -> Self:
        """Draw the drugs, then their pairs."""
        sizes = Sizes.of(scale)
        drugs = list(draw_drugs(sizes, seed))
        interacting = np.array([drug.row for drug in drugs if drug.interacting], dtype=np.int64)
        groups = np.array([drugs[row].group for row in interacting], dtype=np.int64)
        return cls(sizes, drugs, draw_pairs(sizes, interacting, groups, seed))

    @cached_property
    def drug_ids(self) -> pl.Series:
        """Ids by row."""
        return pl.Series([drug.drug_id for drug in self.drugs])

    @cached_property
    def listings(self) -> Listings:
        """Every listing of the release."""
        told_by_a = np.flatnonzero(self.pairs.listed != ONLY_B)
        told_by_b = np.flatnonzero(self.pairs.listed != ONLY_A)
        owner = np.concatenate([self.pairs.a[told_by_a], self.pairs.b[told_by_b]])
        other = np.concatenate([self.pairs.b[told_by_a], self.pairs.a[told_by_b]])
        order = np.lexsort((other, owner))
        return Listings(owner[order], other[order], np.concatenate([told_by_a, told_by_b])[order])

    @cached_property
    def _names(self) -> tuple[pl.Series, Rows, Rows]:
        """All names of all drugs, primary before aliases; where each drug's begin; how many aliases."""
        called = [(drug.name, *drug.synonyms, *drug.brands) for drug in self.drugs]
        counts = np.array([len(names) for names in called], dtype=np.int64)
        return pl.Series([name for names in called for name in names]), counts.cumsum() - counts, counts - 1

    def sentences(self, pair: Rows, told_by_b: Flags) -> pl.Series:
        """What the listings of these pairs say, line breaks left out; both ``[n]``."""
        pairs = self.pairs
        template = np.where(told_by_b, pairs.second_template[pair], pairs.template[pair])
        first_is_a = pairs.first_is_a[pair]
        first = self._called(np.where(first_is_a, pairs.a[pair], pairs.b[pair]), pair, 1)
        second = self._called(np.where(first_is_a, pairs.b[pair], pairs.a[pair]), pair, 2)
        texts = {
            part: pl.Series([getattr(each, part) for each in load_templates()])[template]
            for part in ("head", "echo", "middle", "tail")
        }
        echo = pl.when(pl.col("echo") != "").then(pl.concat_str("echo", "first")).otherwise(pl.lit(""))
        sentence = pl.concat_str("head", "first", echo, "middle", "second", "tail")
        frame = pl.DataFrame({**texts, "first": first, "second": second})
        return frame.select(sentence.alias("description")).to_series()

    def _called(self, drug: Rows, pair: Rows, place: int) -> pl.Series:
        names, start, aliases = self._names
        by_alias = self.pairs.alias[pair] == place
        return names[start[drug] + np.where(by_alias, 1 + pair % np.maximum(aliases[drug], 1), 0)]
