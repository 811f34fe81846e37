"""One protocol's test manifest with everyone's answers, each in the order of gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from mard.errors import ContractError
from mard.evaluate import rarity
from mard.evaluate.answers import Labels, texts
from mard.evaluate.bootstrap import Resamples
from mard.evaluate.failures import offers
from mard.evaluate.statistic import Mask
from mard.schema import Protocol

GREEDY: Final = "greedy"
"""The layer that is the raw model: one greedy trace an ordering."""


@dataclass(frozen=True)
class Evaluation:
    """All that the figures of one protocol are made of.

    Attributes:
        protocol: The protocol.
        gold: ``pair_id``, ``drug_a``, ``drug_b`` and label columns of the ``n`` test pairs, sorted.
        predictions: Rows of ``infer/predictions`` for these pairs, every layer and ordering.
        val: The final layer's rows for val pairs, with ``gold``, their true family.
        baselines: Rows of ``baselines/predictions`` for these pairs at least, and ``confidence``.
        neighbours: ``pair_id`` and ``family`` of every neighbour shown.
        candidates: ``pair_id`` and ``family`` of every trace drawn.
        probes: Rows of ``probe/answers``.
        labelled: ``pair_id`` and label columns of all pairs that probes may ask.
        counts: Pairs of each pair's rarer drug ``[n]``; see :mod:`mard.evaluate.rarity`.
        final_layer: The layer whose answers are the student's.
        layers: Every layer, in the order of the stack.
        resamples: Number of bootstrap resamples.
        bins: Bins of confidence.
        seed: Seed of the bootstrap.
    """

    protocol: Protocol
    gold: pl.DataFrame
    predictions: pl.DataFrame
    val: pl.DataFrame
    baselines: pl.DataFrame
    neighbours: pl.DataFrame
    candidates: pl.DataFrame
    probes: pl.DataFrame
    labelled: pl.DataFrame
    counts: rarity.Counts
    final_layer: str
    layers: Sequence[str]
    resamples: int
    bins: int
    seed: int

    @cached_property
    def labels(self) -> Labels:
        """Gold labels."""
        return Labels.of(self.gold)

    @cached_property
    def weights(self) -> Resamples:
        """Bootstrap weights, the same for every system."""
        drug_a, drug_b = texts(self.gold["drug_a"]), texts(self.gold["drug_b"])
        return Resamples.draw(drug_a, drug_b, self.resamples, self.seed)

    @cached_property
    def shown(self) -> Mask:
        """Where a neighbour shown has the right family ``[n]``."""
        return offers(self.gold, self.neighbours)

    @cached_property
    def drawn(self) -> Mask:
        """Where a candidate has it ``[n]``."""
        return offers(self.gold, self.candidates)

    def student(self) -> pl.DataFrame:
        """The final layer's rows.

        Raises:
            ContractError: There are none.
        """
        found = self.answers(self.final_layer, "ab")
        if found is None:
            gap = f"no rows of {self.final_layer!r} for {self.protocol} test"
            raise ContractError("infer/predictions", [gap])
        return found

    def answers(self, layer: str, ordering: str) -> pl.DataFrame | None:
        """A layer's rows in the order of gold, or None where it has none for that ordering.

        Raises:
            ContractError: It answers some test pairs but not all.
        """
        rows = self.predictions.filter((pl.col("layer") == layer) & (pl.col("ordering") == ordering))
        return None if rows.is_empty() else self._aligned(rows, f"layer {layer!r}, ordering {ordering}")

    def baseline(self, name: str) -> pl.DataFrame:
        """A baseline's rows in the order of gold."""
        return self._aligned(self.baselines.filter(pl.col("model") == name), f"baseline {name!r}")

    def _aligned(self, rows: pl.DataFrame, what: str) -> pl.DataFrame:
        aligned = self.gold.select("pair_id").join(rows, on="pair_id", how="inner", maintain_order="left")
        if aligned.height != self.gold.height:
            gap = f"{what} answers {aligned.height} of the {self.gold.height} test pairs of {self.protocol}"
            raise ContractError("infer/predictions", [gap])
        return aligned
