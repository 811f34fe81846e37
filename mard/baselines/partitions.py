"""The same baselines on other partitions of the drugs: one partition proves little.

Each number redraws all three protocols with seeds of its own and gets its own index and its own
models; number 0 is the pipeline's own draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from mard.baselines.contest import Contest
from mard.baselines.features import DrugTable
from mard.config import Baselines, Split, Weights
from mard.retrieve.neighbours import NeighbourIndex
from mard.retrieve.similarity import DrugFeatures
from mard.schema import Part, Protocol
from mard.split.cold import drug_cold_split, drug_partition, pair_cold_split
from mard.split.subset import evaluation_manifest
from mard.split.warm import warm_split

PAIR = ("pair_id", "drug_a", "drug_b")


@dataclass(frozen=True)
class Corpus:
    """Labelled pairs and all that baselines may know of their drugs.

    Attributes:
        labels: Table ``label/labels``.
        drugs: Table ``ingest/drugs``.
        features: What similarities compare.
        table: Multi-hot rows of the drugs.
        split: Shares and seeds of the draws.
        weights: Channel weights of Eq. 8.
        params: Which baselines, and how large.
    """

    labels: pl.DataFrame
    drugs: pl.DataFrame
    features: DrugFeatures
    table: DrugTable
    split: Split
    weights: Weights
    params: Baselines

    def contests(self, number: int, threads: int = 1) -> Iterator[tuple[Contest, pl.DataFrame]]:
        """A contest a protocol, with the labelled pairs that it asks about.

        Args:
            number: Which redrawing.
            threads: For the similarity matrix.
        """
        seeds = replace(
            self.split, warm_seed=self.split.warm_seed + number, cold_seed=self.split.cold_seed + number
        )
        partition = drug_partition(self.labels, self.drugs, seeds)
        splits = {
            Protocol.WARM: warm_split(self.labels, seeds),
            Protocol.DRUG_COLD: drug_cold_split(self.labels, partition),
            Protocol.PAIR_COLD: pair_cold_split(self.labels, partition),
        }
        asked = evaluation_manifest(splits, [max(seeds.eval_sizes)], seeds.warm_seed)
        asked = asked.filter(pl.col("part") == Part.TEST)
        trains = {
            str(protocol): split.filter(pl.col("part") == Part.TRAIN).drop("part")
            for protocol, split in splits.items()
        }
        index = NeighbourIndex.build(self.features, self.weights, trains, threads=threads)
        for protocol, split in splits.items():
            wanted = asked.filter(pl.col("protocol") == protocol).select("pair_id")
            gold = split.join(wanted, on="pair_id", how="semi").drop("part").sort("pair_id")
            queries = gold.select(PAIR)
            yield Contest(protocol, trains[protocol], queries, index, self.table, self.params), gold
